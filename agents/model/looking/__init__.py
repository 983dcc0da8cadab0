"""The image agent: pictures of pages, what is seen on them, and second looks."""
