"""Small gradient programs in the layouts of courses, books and blogs: each right, and the same with one line changed."""

from layouts import blogs, books, courses, files, frameworks, losses

LAYOUTS = (
    *courses.LAYOUTS,
    *books.LAYOUTS,
    *blogs.LAYOUTS,
    *frameworks.LAYOUTS,
    *losses.LAYOUTS,
    *files.LAYOUTS,
)
