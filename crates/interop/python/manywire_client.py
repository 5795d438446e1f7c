"""Our Python module, with its calls or with asyncio: manywire_client.py sync|asyncio WIRE ADDRESS."""
from answers import skip

try:
    import manywire
except ImportError:
    skip("no manywire module")
skip("no row yet")
