"""How Thanos talks to its three Memcacheds, as the YAML that its flags take.

Item sizes: the index cache must hold the largest posting list, the bucket cache 16,000-byte pieces of
chunks, the response cache a day of a query's answer (Thanos, store and query-frontend: caching).
"""

from . import names

ITEM_MIB = {names.INDEX_CACHE: 16, names.BUCKET_CACHE: 1, names.RESPONSE_CACHE: 16}
"""Largest item in MiB, on the client's side and the server's: what a server refuses was sent in vain."""


def index_cache_config(namespace: str) -> str:
    """Of the store gateway: postings and series looked up in the blocks' indexes."""
    return _memcached(names.INDEX_CACHE, namespace)


def bucket_cache_config(namespace: str) -> str:
    """Of the store gateway: pieces of chunks, and what blocks there are."""
    return _memcached(names.BUCKET_CACHE, namespace)


def response_cache_config(namespace: str) -> str:
    """Of the query frontend: whole answers, a day at a time."""
    return _memcached(names.RESPONSE_CACHE, namespace, "  expiration: 24h\n")


def _memcached(service: str, namespace: str, more: str = "") -> str:
    address = f"dnssrvnoa+_memcached._tcp.{names.host(service, namespace)}"
    return (
        "type: MEMCACHED\n"
        "config:\n"
        f"  addresses: [{address}]\n"
        "  timeout: 500ms\n"
        "  max_idle_connections: 100\n"
        "  max_async_concurrency: 20\n"
        "  max_async_buffer_size: 10000\n"
        f"  max_item_size: {ITEM_MIB[service]}MiB\n"
        "  max_get_multi_concurrency: 100\n"
        "  max_get_multi_batch_size: 100\n"
        "  dns_provider_update_interval: 10s\n"
        f"{more}"
    )
