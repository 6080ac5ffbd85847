"""What is sensitive, sealed: keys, SM4-GCM and keyed SM3, sealed columns and files, blind indexes."""
