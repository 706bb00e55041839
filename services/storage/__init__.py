"""Where the bytes of files are kept: a folder, or a bucket of an S3 server."""
