"""The result of explaining: what it holds, shows, gives as tables, and keeps in files."""

from neonxai.explanation.result import Explanation

__all__ = ["Explanation"]
