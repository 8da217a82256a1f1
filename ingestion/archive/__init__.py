"""What the systems sent, kept as it came: enough to prove that raw is right, and to make it again without them.

``tape`` stands between a source and its system while a load runs: it keeps every answer, or plays the kept ones back.
``blobs`` holds the contents, ``chain`` the manifest that tells of them, ``store`` is where both lie, ``verify`` finds what
was changed, ``history`` says which loads raw is made of, ``prune`` forgets what is older than the firm wants to keep.
"""
