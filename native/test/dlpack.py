"""Arrays by DLPack between this library and those that are really used: NumPy and, where it is, PyTorch.

    dlpack.py <libgatun_cpu.so>

Answers 77 where there is no NumPy that takes DLPack.
"""
import ctypes
import gc
import sys

try:
    import numpy
except ImportError:
    sys.exit(77)
if not hasattr(numpy, "from_dlpack"):
    sys.exit(77)
try:
    import torch
except ImportError:
    torch = None

CPU = (1, 0)
INT, FLOAT, BFLOAT = 0, 2, 4
PLAIN, VERSIONED = 0, 1
NAMES = {PLAIN: b"dltensor", VERSIONED: b"dltensor_versioned"}
TAKEN = {form: b"used_" + name for form, name in NAMES.items()}

gatun = ctypes.CDLL(sys.argv[1])
gatun.gatun_last_error.restype = ctypes.c_char_p
python = ctypes.pythonapi
python.PyCapsule_New.restype = ctypes.py_object
python.PyCapsule_New.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
python.PyCapsule_GetPointer.restype = ctypes.c_void_p
python.PyCapsule_GetPointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
python.PyCapsule_SetName.argtypes = [ctypes.py_object, ctypes.c_char_p]


def check(status):
    if status:
        raise ValueError(gatun.gatun_last_error().decode())


def opened(function, owner, *more):
    handle = ctypes.c_void_p()
    check(function(owner, ctypes.byref(handle), *more))
    return handle


class Exported:
    """An array of a scope, as Python's protocol asks for it."""

    def __init__(self, scope, address, sizes, kind, bits, form):
        self.managed, self.form = ctypes.c_void_p(), form
        sizes = (ctypes.c_int64 * len(sizes))(*sizes)
        check(gatun.gatun_dlpack_export(scope, ctypes.byref(self.managed), address, sizes, len(sizes), kind, bits, form))

    def __dlpack__(self, **_):
        return python.PyCapsule_New(self.managed, NAMES[self.form], None)

    def __dlpack_device__(self):
        return CPU


def imported(scope, array, form):
    """Address, sizes, type and bits of an array that the scope has taken over."""
    asked = {"max_version": (1, 0)} if form == VERSIONED else {}
    capsule = array.__dlpack__(**asked)
    managed = ctypes.c_void_p(python.PyCapsule_GetPointer(capsule, NAMES[form]))
    address, sizes = ctypes.c_void_p(), (ctypes.c_int64 * 64)()
    rank, kind, bits = ctypes.c_int32(), ctypes.c_int32(), ctypes.c_int32()
    check(
        gatun.gatun_dlpack_import(
            scope, ctypes.byref(address), sizes, *map(ctypes.byref, (rank, kind, bits)), managed, form
        )
    )
    python.PyCapsule_SetName(capsule, TAKEN[form])
    return address, tuple(sizes[: rank.value]), kind.value, bits.value


def forms_of(library):
    """NumPy speaks of versions from 2.1 on, PyTorch from 2.9 on."""
    major, minor = (int(part) for part in library.__version__.split(".")[:2])
    return (PLAIN, VERSIONED) if (major, minor) >= ((2, 1) if library is numpy else (2, 9)) else (PLAIN,)


def is_mapped(address):
    """Memory given back to the system is mapped no longer."""
    for line in open("/proc/self/maps"):
        start, end = (int(part, 16) for part in line.split()[0].split("-"))
        if start <= address < end:
            return True
    return False


class Watched(numpy.ndarray):
    """Tells when the last who holds it lets go."""

    gone = 0

    def __del__(self):
        Watched.gone += 1


device = ctypes.c_void_p()
check(gatun.gatun_device_open(ctypes.byref(device), 0, 1))
stream = opened(gatun.gatun_stream_open, device)


def test_out(library, form):
    scope = opened(gatun.gatun_scope_open, device, ctypes.c_int64(0))
    x = opened(gatun.gatun_scope_allocate, scope, ctypes.c_int64(24))
    check(gatun.gatun_fill(stream, x, ctypes.c_int64(6), ctypes.c_double(1.5), 0))
    array = library.from_dlpack(Exported(scope, x, (2, 3), FLOAT, 32, form))
    assert tuple(array.shape) == (2, 3) and array.dtype == library.float32, array
    assert (array == 1.5).all(), array
    check(gatun.gatun_fill(stream, x, ctypes.c_int64(4), ctypes.c_double(2.5), 0))
    assert array[1, 0] == 2.5 and array[1, 1] == 1.5, "the bytes are shared"
    # Its memory would serve the next scope, if the array did not keep it.
    check(gatun.gatun_scope_close(scope))
    other = opened(gatun.gatun_scope_open, device, ctypes.c_int64(0))
    y = opened(gatun.gatun_scope_allocate, other, ctypes.c_int64(24))
    check(gatun.gatun_fill(stream, y, ctypes.c_int64(6), ctypes.c_double(9), 0))
    assert array[0, 0] == 2.5 and array[1, 2] == 1.5
    assert is_mapped(x.value) and x.value != y.value
    del array
    gc.collect()
    assert not is_mapped(x.value), "the deleter was called"
    check(gatun.gatun_scope_close(other))


def test_numpy_in(form):
    array = numpy.arange(12, dtype=numpy.float64).reshape(3, 4).view(Watched)
    scope = opened(gatun.gatun_scope_open, device, ctypes.c_int64(0))
    address, sizes, kind, bits = imported(scope, array, form)
    assert (address.value, sizes, kind, bits) == (array.ctypes.data, (3, 4), FLOAT, 64)
    check(gatun.gatun_fill(stream, address, ctypes.c_int64(12), ctypes.c_double(-1), 1))
    assert (array == -1).all()
    before = Watched.gone  # the comparison was watched too
    del array
    gc.collect()
    assert Watched.gone == before, "the scope holds it"
    check(gatun.gatun_scope_close(scope))
    gc.collect()
    assert Watched.gone == before + 1


def test_torch_in(form):
    scope = opened(gatun.gatun_scope_open, device, ctypes.c_int64(0))
    for dtype, kind, bits in (
        (torch.float32, FLOAT, 32),
        (torch.bfloat16, BFLOAT, 16),
        (torch.int32, INT, 32),
        (torch.int64, INT, 64),
    ):
        tensor = torch.arange(10).to(dtype)
        part = tensor[4:].reshape(2, 3)
        assert imported(scope, part, form)[1:] == ((2, 3), kind, bits)
        address = imported(scope, part, form)[0]
        assert address.value == tensor.data_ptr() + 4 * bits // 8
    for refused in (torch.zeros(3, 4).t(), torch.zeros(3, dtype=torch.float16), torch.zeros(3, dtype=torch.bool)):
        try:
            imported(scope, refused, form)
        except ValueError as sentence:
            assert "row-major" in str(sentence) or "type code" in str(sentence), sentence
        else:
            raise AssertionError("taken: %s %s" % (refused.dtype, refused.stride()))
    check(gatun.gatun_scope_close(scope))


for form in forms_of(numpy):
    test_out(numpy, form)
    test_numpy_in(form)
if torch:
    for form in forms_of(torch):
        test_out(torch, form)
        test_torch_in(form)
check(gatun.gatun_device_close(device))
print("NumPy %s, PyTorch %s" % (numpy.__version__, torch.__version__ if torch else "none"))
