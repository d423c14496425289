"""Rules that every preview is held against, usable on any Pulumi project.

`pack.build()` returns the policies; `__main__` constructs the pack when the engine starts this folder. The
package imports no provider SDK and nothing of `components`, so that it can be copied into another project.
"""
