"""The nodes of the mesh, their public keys, and the sealed messages between them."""
