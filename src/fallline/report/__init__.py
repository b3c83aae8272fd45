"""The report of a study: one page, the numbers behind it, and the pictures."""

from fallline.report.files import ReportFiles, report

__all__ = ["ReportFiles", "report"]
