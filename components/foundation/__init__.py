"""What every signal stands on: network, cluster, keys, buckets, roles and releases.

Import components from their own modules; nothing is imported here, so that the pure parts (`lifecycle`,
`checks`, `subnets`, `node_plan`) can be read without loading a cloud SDK.
"""
