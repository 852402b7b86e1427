"""Machine code for eight products modulo m^2 at once, with the AVX-512 IFMA instructions, made by LLVM at run
time.

Every modulus of Paillier encryption is a square: n^2, p^2, q^2. A residue x modulo m^2 is kept as a pair (a,
b) with x = a + b m modulo m^2, so that all arithmetic is on numbers half as long as m^2. With R = 2**(52 L) >
64 m and a, b below 2 m, the Montgomery product of (a, b) and (a', b') is (U, V):

    U = (a a' + Q m) / R                     Q = -a a' / m modulo R, the quotient of an ordinary Montgomery
    product V = (a b' + a' b - Q) / R modulo m       by a second one

because a a' = U R - Q m, hence x x' / R = U + m (a b' + a' b - Q) / R modulo m^2. That is 10 L^2
multiply-adds for a product and 8 L^2 for a square (where a b' + a' b = a (2 b)), against 4 (2 L)^2 = 16 L^2
for a Montgomery product of full length. Both results stay below 2 m: U < 4 m^2 / R + m and V < (8 m^2 + R +
m) / R + m.

Instead of subtracting Q, K - Q is added with a fixed multiple K of m whose limbs are all at least 2**52 - 1,
so no limb borrows.

Numbers are arrays [limb][lane] of 64-bit words, 52 bits used, 64-byte aligned; a pair is [a or
b][limb][lane]. Only code is made here; `ifma_kernel` uses it.
"""

import ctypes
import functools
from collections.abc import Callable
from typing import Any

from openmined_syft.errors import NoSuchKernelHereError

LANES = 8
LIMB_BITS = 52
HEADROOM_BITS = 6
FEATURES = ("avx512f", "avx512ifma")

_V = "<8 x i64>"
_MASK = "<" + ", ".join([f"i64 {(1 << LIMB_BITS) - 1}"] * LANES) + ">"
_SHIFT = "<" + ", ".join([f"i64 {LIMB_BITS}"] * LANES) + ">"


def limbs_for(bits: int) -> int:
    """L for a modulus root of `bits` bits: R = 2**(52 L) is at least 64 times as large."""
    return -(-(bits + HEADROOM_BITS) // LIMB_BITS)


class _Function:
    """Lines of one LLVM function under construction."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._count = 0

    def emit(self, line: str) -> None:
        self.lines.append(line)

    def value(self, expression: str) -> str:
        """A new SSA value."""
        self._count += 1
        name = f"%v{self._count}"
        self.lines.append(f"  {name} = {expression}")
        return name

    def address(self, base: str, index: int | str) -> str:
        return self.value(f"getelementptr {_V}, ptr {base}, i64 {index}")

    def load(self, base: str, index: int | str) -> str:
        return self.value(f"load {_V}, ptr {self.address(base, index)}, align 64")

    def store(self, value: str, base: str, index: int | str) -> None:
        self.lines.append(f"  store {_V} {value}, ptr {self.address(base, index)}, align 64")

    def low(self, accumulator: str, x: str, y: str) -> str:
        """accumulator + low 52 bits of x * y."""
        return self.value(
            f"call {_V} @llvm.x86.avx512.vpmadd52l.uq.512({_V} {accumulator}, {_V} {x}, {_V} {y})"
        )

    def high(self, accumulator: str, x: str, y: str) -> str:
        """accumulator + bits 52 to 103 of x * y."""
        return self.value(
            f"call {_V} @llvm.x86.avx512.vpmadd52h.uq.512({_V} {accumulator}, {_V} {x}, {_V} {y})"
        )

    def normalise(self, source: str, target: str, limbs: int) -> None:
        """Carry the words of `source` through and store 52-bit limbs in `target`."""
        carry = None
        for j in range(limbs):
            word = self.load(source, j)
            if carry is not None:
                word = self.value(f"add {_V} {word}, {carry}")
            self.store(self.value(f"and {_V} {word}, {_MASK}"), target, j)
            carry = self.value(f"lshr {_V} {word}, {_SHIFT}")

    def rows(
        self, label: str, before: str, limbs: int, pairs: list[tuple[str, str]], quotients: str | None
    ) -> None:
        """A loop over i: acc = (acc + sum x[i] * y for (x, y) in pairs + q m) / 2**52.

        Every q is kept in `quotients`, if that is given. The block after the loop is `label`_done.
        """
        self.emit(f"  br label %{label}\n{label}:")
        i, after = f"%{label}_i", f"%{label}_next"
        self.emit(f"  {i} = phi i64 [0, %{before}], [{after}, %{label}]")
        factors = [self.load(x, i) for x, _ in pairs]
        below = [self.load(y, 0) for _, y in pairs]
        word = self.load("%acc", 0)
        for factor, limb in zip(factors, below, strict=True):
            word = self.low(word, factor, limb)
        q = self.low("zeroinitializer", word, self.load("%n0", 0))
        if quotients is not None:
            self.store(q, quotients, i)
        m_below = self.load("%m", 0)
        carry: str | None = self.value(f"lshr {_V} {self.low(word, q, m_below)}, {_SHIFT}")
        for j in range(1, limbs):
            limbs_y, m = [self.load(y, j) for _, y in pairs], self.load("%m", j)
            word = self.load("%acc", j)
            if carry is not None:
                word, carry = self.value(f"add {_V} {word}, {carry}"), None
            for factor, limb in [*zip(factors, below, strict=True), (q, m_below)]:
                word = self.high(word, factor, limb)
            for factor, limb in [*zip(factors, limbs_y, strict=True), (q, m)]:
                word = self.low(word, factor, limb)
            self.store(word, "%acc", j - 1)
            below, m_below = limbs_y, m
        word = carry or "zeroinitializer"
        for factor, limb in [*zip(factors, below, strict=True), (q, m_below)]:
            word = self.high(word, factor, limb)
        self.store(word, "%acc", limbs - 1)
        self.emit(f"  {after} = add i64 {i}, 1\n  %{label}_more = icmp ult i64 {after}, {limbs}")
        self.emit(f"  br i1 %{label}_more, label %{label}, label %{label}_done\n{label}_done:")


def _product(name: str, limbs: int, *, square: bool) -> str:
    """`name`(out, x, y, constants, scratch), or without y for a square; out may be x or y."""
    f = _Function()
    y = "" if square else "ptr %ya, "
    f.emit(f"define internal void @{name}(ptr %oa, ptr %xa, {y}ptr %m, ptr noalias %acc) #0 {{\nentry:")
    for label, base, index in (
        ("%k", "%m", limbs), ("%n0", "%m", 2 * limbs), ("%q", "%acc", limbs), ("%u", "%acc", 2 * limbs),
        ("%dbl", "%acc", 3 * limbs), ("%xb", "%xa", limbs), ("%ob", "%oa", limbs),
    ):  # fmt: skip
        f.emit(f"  {label} = getelementptr {_V}, ptr {base}, i64 {index}")
    if square:
        carry = None
        for j in range(limbs):
            word = f.load("%xb", j)
            word = f.value(f"add {_V} {word}, {word}")
            if carry is not None:
                word = f.value(f"add {_V} {word}, {carry}")
            f.store(f.value(f"and {_V} {word}, {_MASK}"), "%dbl", j)
            carry = f.value(f"lshr {_V} {word}, {_SHIFT}")
        first, second = [("%xa", "%xa")], [("%xa", "%dbl")]
    else:
        f.emit(f"  %yb = getelementptr {_V}, ptr %ya, i64 {limbs}")
        first, second = [("%xa", "%ya")], [("%xa", "%yb"), ("%xb", "%ya")]
    for j in range(limbs):
        f.store("zeroinitializer", "%acc", j)
    f.rows("first", "entry", limbs, first, "%q")
    f.normalise("%acc", "%u", limbs)
    for j in range(limbs):
        f.store(f.value(f"sub {_V} {f.load('%k', j)}, {f.load('%q', j)}"), "%acc", j)
    f.rows("second", "first_done", limbs, second, None)
    f.normalise("%acc", "%ob", limbs)
    for j in range(limbs):
        f.store(f.load("%u", j), "%oa", j)
    f.emit("  ret void\n}")
    return "\n".join(f.lines)


def _run(name: str, limbs: int, fetch: Callable[[_Function, int], str]) -> str:
    """`name`(x, table, program, offsets, length, constants, scratch): -1 squares x, p >= 0 multiplies by
    entry p.

    `fetch` emits what finds entry p and ends in a jump to %ready; it returns the entry's address.
    """
    f = _Function()
    f.emit(f"""define void @{name}(
  ptr %x, ptr %table, ptr %program, ptr %offsets, i64 %length, ptr %m, ptr %acc) #0 {{
entry:
  br label %loop
loop:
  %k = phi i64 [0, %entry], [%next, %end]
  %pp = getelementptr i32, ptr %program, i64 %k
  %p = load i32, ptr %pp
  %negative = icmp slt i32 %p, 0
  br i1 %negative, label %square, label %multiply
square:
  call void @square(ptr %x, ptr %x, ptr %m, ptr %acc)
  br label %end
multiply:
  %wide = zext i32 %p to i64""")
    entry = fetch(f, limbs)
    f.emit(f"""ready:
  call void @product(ptr %x, ptr %x, ptr {entry}, ptr %m, ptr %acc)
  br label %end
end:
  %next = add i64 %k, 1
  %again = icmp ult i64 %next, %length
  br i1 %again, label %loop, label %finish
finish:
  ret void
}}""")
    return "\n".join(f.lines)


def _fetch_same(f: _Function, limbs: int) -> str:
    """Entry p for all lanes: vectors 2 L p and on. The offsets are not used."""
    first = f.value(f"mul i64 %wide, {2 * limbs}")
    entry = f.address("%table", first)
    f.emit("  br label %ready")
    return entry


def _fetch_gathered(f: _Function, limbs: int) -> str:
    """An entry for each lane: lane l's is at 64-bit word offsets[8 p + l] of the table, [a or b][limb]."""
    gathered = f.address("%acc", 4 * limbs)
    first = f.value(f"mul i64 %wide, {LANES}")
    place = f.value(f"getelementptr i64, ptr %offsets, i64 {first}")
    entries = []
    for lane in range(LANES):
        offset = f.value(f"load i64, ptr {f.value(f'getelementptr i64, ptr {place}, i64 {lane}')}")
        entries.append(f.value(f"getelementptr i64, ptr %table, i64 {offset}"))
    f.emit("  br label %gather\ngather:\n  %j = phi i64 [0, %multiply], [%j2, %gather]")
    vector = "undef"
    for lane, entry in enumerate(entries):
        word = f.value(f"load i64, ptr {f.value(f'getelementptr i64, ptr {entry}, i64 %j')}")
        vector = f.value(f"insertelement {_V} {vector}, i64 {word}, i32 {lane}")
    f.store(vector, gathered, "%j")
    f.emit(f"""  %j2 = add i64 %j, 1
  %more = icmp ult i64 %j2, {2 * limbs}
  br i1 %more, label %gather, label %ready""")
    return gathered


def _chain(limbs: int) -> str:
    """chain(table, base, count, constants, scratch): entry k = entry k - 1 times base, for 1 <= k < count."""
    f = _Function()
    f.emit("""define void @chain(ptr %table, ptr %base, i64 %count, ptr %m, ptr %acc) #0 {
entry:
  %any = icmp ugt i64 %count, 1
  br i1 %any, label %loop, label %finish
loop:
  %k = phi i64 [1, %entry], [%next, %loop]
  %below = sub i64 %k, 1""")
    source = f.address("%table", f.value(f"mul i64 %below, {2 * limbs}"))
    target = f.address("%table", f.value(f"mul i64 %k, {2 * limbs}"))
    f.emit(f"""  call void @product(ptr {target}, ptr {source}, ptr %base, ptr %m, ptr %acc)
  %next = add i64 %k, 1
  %again = icmp ult i64 %next, %count
  br i1 %again, label %loop, label %finish
finish:
  ret void
}}""")
    return "\n".join(f.lines)


def _multiply() -> str:
    return """define void @multiply(ptr %out, ptr %x, ptr %y, ptr %m, ptr %acc) #0 {
  call void @product(ptr %out, ptr %x, ptr %y, ptr %m, ptr %acc)
  ret void
}"""


def scratch_vectors(limbs: int) -> int:
    """Vectors of scratch space a call needs: accumulator, quotients, U, 2 b, and a gathered pair."""
    return 6 * limbs


class Code:
    """The functions for one number of limbs; calling them releases the interpreter lock."""

    def __init__(self, limbs: int) -> None:
        binding = llvm_binding()
        features = binding.get_host_cpu_features()
        source = "\n".join([
            f"declare {_V} @llvm.x86.avx512.vpmadd52l.uq.512({_V}, {_V}, {_V})",
            f"declare {_V} @llvm.x86.avx512.vpmadd52h.uq.512({_V}, {_V}, {_V})",
            _product("product", limbs, square=False),
            _product("square", limbs, square=True),
            _multiply(),
            _chain(limbs),
            _run("run_same", limbs, _fetch_same),
            _run("run_gathered", limbs, _fetch_gathered),
            'attributes #0 = { nounwind "prefer-vector-width"="512" '
            + f'"target-features"="{",".join("+" + name for name in FEATURES)}" }}',
        ])  # fmt: skip
        module = binding.parse_assembly(source)
        module.verify()
        machine = binding.Target.from_default_triple().create_target_machine(
            opt=2, cpu=binding.get_host_cpu_name(), features=features.flatten()
        )
        self._engine = binding.create_mcjit_compiler(module, machine)
        self._engine.finalize_object()
        pointer, count = ctypes.c_void_p, ctypes.c_int64
        run = (*[pointer] * 4, count, pointer, pointer)
        self.multiply = self._function("multiply", *[pointer] * 5)
        self.chain = self._function("chain", pointer, pointer, count, pointer, pointer)
        self.run_same = self._function("run_same", *run)
        self.run_gathered = self._function("run_gathered", *run)

    def _function(self, name: str, *arguments: Any) -> Any:
        return ctypes.CFUNCTYPE(None, *arguments)(self._engine.get_function_address(name))


@functools.cache
def llvm_binding() -> Any:
    """llvmlite, ready to compile for this machine.

    Raises:
        NoSuchKernelHereError: llvmlite is not installed, or the processor lacks an instruction set.
    """
    try:
        from llvmlite import binding  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        raise NoSuchKernelHereError("the ifma kernel needs llvmlite: install the extra 'fast'") from None
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    features = binding.get_host_cpu_features()
    missing = [name for name in FEATURES if not features.get(name)]
    if missing:
        raise NoSuchKernelHereError(f"the ifma kernel needs a processor with {' and '.join(missing)}")
    return binding


@functools.cache
def code_for(limbs: int) -> Code:
    """The compiled functions, once for each number of limbs."""
    return Code(limbs)
