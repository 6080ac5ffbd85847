"""A copy of everything an installation holds, in one encrypted file; restored on either database."""
