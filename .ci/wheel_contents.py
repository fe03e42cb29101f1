"""A wheel holds neonxai alone, with py.typed, and no tests."""

import sys
import zipfile

names = zipfile.ZipFile(sys.argv[1]).namelist()
assert "neonxai/py.typed" in names, names
strangers = [name for name in names if not name.startswith("neonxai")]
assert not strangers, strangers
print(f"{len(names)} files")
