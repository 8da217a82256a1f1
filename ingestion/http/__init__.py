"""What all vendors' clients share: sessions, authentication, and permanent and transient errors told apart."""
