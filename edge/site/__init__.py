"""The domain of a site: asyncio yes; sockets, files and devices no."""
