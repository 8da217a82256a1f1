"""What all vendors' clients share: sessions, authentication, paging, and the difference between permanent and transient errors."""
