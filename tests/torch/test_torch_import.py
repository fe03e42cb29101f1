import subprocess
import sys


def run(code: str) -> str:
    # A process of its own: this one has imported torch already.
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_neonxai_does_not_import_torch():
    probe = "import sys; import neonxai{}; print('torch' in sys.modules)"
    assert run(probe.format("")) == "False"
    assert run(probe.format(".torch")) == "True"


FINDER = """
import sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "torch":
            raise ModuleNotFoundError("No module named '{missing}'", name="{missing}")
sys.meta_path.insert(0, Finder())
try:
    import neonxai.torch
except ImportError as error:
    print(type(error).__name__, error)
"""


def test_without_torch_the_error_names_the_extra():
    told = run(FINDER.format(missing="torch"))
    assert told.startswith("ImportError")
    assert 'pip install "neonxai[torch]"' in told


def test_a_broken_torch_is_not_called_missing():
    assert run(FINDER.format(missing="libtorch")) == "ModuleNotFoundError No module named 'libtorch'"
