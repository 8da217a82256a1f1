"""One module per vendor: the facts as that vendor's API shows them."""
