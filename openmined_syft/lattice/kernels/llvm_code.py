"""Machine code for the ring's transforms and sums of products, made by LLVM at run time from text written
here.

Plain 64-bit integers and products of 128 bits: any 64-bit processor that LLVM knows will do. A factor w that
is used often has a companion w' = floor(w 2^64 / q); then x w - floor(x w' / 2^64) q is in [0, 2 q) for every
64-bit x (Shoup; Harvey 2014). With q below 2^54 the thirteen stages of a forward transform need no reduction
in between: each adds 2 q at most. Functions work on one prime and release the interpreter lock.
"""

import ctypes
import functools
from collections.abc import Callable
from typing import Any

from openmined_syft.errors import KernelError

_PRELUDE = """
define internal i64 @high(i64 %x, i64 %y) #1 {
  %a = zext i64 %x to i128
  %b = zext i64 %y to i128
  %p = mul nuw i128 %a, %b
  %h = lshr i128 %p, 64
  %r = trunc i128 %h to i64
  ret i64 %r
}
; x w modulo q, below 2 q
define internal i64 @times(i64 %x, i64 %w, i64 %s, i64 %q) #1 {
  %h = call i64 @high(i64 %x, i64 %s)
  %a = mul i64 %x, %w
  %b = mul i64 %h, %q
  %r = sub i64 %a, %b
  ret i64 %r
}
; x or x - m, whichever is the residue, for x below 2 m
define internal i64 @once(i64 %x, i64 %m) #1 {
  %d = sub i64 %x, %m
  %r = call i64 @llvm.umin.i64(i64 %x, i64 %d)
  ret i64 %r
}
; x modulo q for any x; one = floor(2^64 / q)
define internal i64 @reduced(i64 %x, i64 %q, i64 %one) #1 {
  %h = call i64 @high(i64 %x, i64 %one)
  %a = mul i64 %h, %q
  %d = sub i64 %x, %a
  %r = call i64 @once(i64 %d, i64 %q)
  ret i64 %r
}
; a 128-bit sum below 2^118 modulo q; r = 2^64 mod q with its companion
define internal i64 @folded(i128 %x, i64 %q, i64 %one, i64 %r, i64 %s) #1 {
  %up = lshr i128 %x, 64
  %hi = trunc i128 %up to i64
  %lo = trunc i128 %x to i64
  %a = call i64 @times(i64 %hi, i64 %r, i64 %s, i64 %q)
  %b = call i64 @reduced(i64 %lo, i64 %q, i64 %one)
  %c = add i64 %a, %b
  %d = call i64 @reduced(i64 %c, i64 %q, i64 %one)
  ret i64 %d
}
declare i64 @llvm.umin.i64(i64, i64)
"""

_FORWARD = """
  %b{j} = call i64 @times(i64 %y{j}, i64 %w, i64 %s, i64 %q)
  %u{j} = add i64 %x{j}, %b{j}
  %n{j} = sub i64 %x{j}, %b{j}
  %v{j} = add i64 %n{j}, %q2"""

_BACKWARD = """
  %a{j} = add i64 %x{j}, %y{j}
  %u{j} = call i64 @once(i64 %a{j}, i64 %q2)
  %n{j} = sub i64 %x{j}, %y{j}
  %m{j} = add i64 %n{j}, %q2
  %v{j} = call i64 @times(i64 %m{j}, i64 %w, i64 %s, i64 %q)"""


def _place(name: str, base: str, index: str) -> str:
    return f"\n  %{name} = getelementptr i64, ptr {base}, i64 {index}"


def _stage(name: str, butterfly: str, width: int) -> str:
    """`name`(x, twiddles, companions, q, parts, half): one stage, butterflies taken `width` at a time.

    half is a multiple of the width. Part i is x[2 i half] and on, with twiddle parts + i.
    """
    loads = stores = work = ""
    for j in range(width):
        loads += _place(f"p{j}", "%left", f"%j{j}") + _place(f"r{j}", "%right", f"%j{j}")
        loads += f"\n  %x{j} = load i64, ptr %p{j}\n  %y{j} = load i64, ptr %r{j}"
        work += butterfly.format(j=j)
        stores += f"\n  store i64 %u{j}, ptr %p{j}\n  store i64 %v{j}, ptr %r{j}"
    indices = "".join(f"\n  %j{j} = add i64 %k, {j}" for j in range(width))
    return f"""
define internal void @{name}(
  ptr noalias %x, ptr noalias %tw, ptr noalias %co, i64 %q, i64 %parts, i64 %half) #0 {{
entry:
  %q2 = shl i64 %q, 1
  %step = shl i64 %half, 1
  br label %part
part:
  %i = phi i64 [0, %entry], [%i2, %done]
  %t = add i64 %parts, %i
  %wp = getelementptr i64, ptr %tw, i64 %t
  %sp = getelementptr i64, ptr %co, i64 %t
  %w = load i64, ptr %wp
  %s = load i64, ptr %sp
  %first = mul i64 %i, %step
  %left = getelementptr i64, ptr %x, i64 %first
  %right = getelementptr i64, ptr %left, i64 %half
  br label %body
body:
  %k = phi i64 [0, %part], [%k2, %body]{indices}{loads}{work}{stores}
  %k2 = add i64 %k, {width}
  %more = icmp ult i64 %k2, %half
  br i1 %more, label %body, label %done
done:
  %i2 = add i64 %i, 1
  %again = icmp ult i64 %i2, %parts
  br i1 %again, label %part, label %leave
leave:
  ret void
}}
"""


def _choose(name: str) -> str:
    """Calls the stage of the widest width that `half` allows."""
    call = f"call void @{name}_{{}}(ptr %x, ptr %tw, ptr %co, i64 %q, i64 %parts, i64 %half)"
    return f"""
  switch i64 %half, label %by4 [i64 1, label %by1 i64 2, label %by2]
by1:
  {call.format(1)}
  br label %next
by2:
  {call.format(2)}
  br label %next
by4:
  {call.format(4)}
  br label %next
"""


def _transforms() -> str:
    stages = "".join(
        _stage(f"{name}_{width}", butterfly, width)
        for name, butterfly in (("ahead", _FORWARD), ("back", _BACKWARD))
        for width in (1, 2, 4)
    )
    return f"""{stages}
; x: n numbers of any 64 bits; those from `top` on are zero. Ends below q.
define void @forward(
  ptr noalias %x, ptr noalias %tw, ptr noalias %co, i64 %q, i64 %one, i64 %n, i64 %top) #0 {{
entry:
  %start = lshr i64 %n, 1
  br label %stage
stage:
  %parts = phi i64 [1, %entry], [%parts2, %next]
  %half = phi i64 [%start, %entry], [%half2, %next]
  %empty = icmp uge i64 %half, %top
  br i1 %empty, label %copy, label %work
copy:
  %i = phi i64 [0, %stage], [%i2, %copy]
  %at = mul i64 %i, %half
  %at2 = shl i64 %at, 1
  %from = getelementptr i64, ptr %x, i64 %at2
  %to = getelementptr i64, ptr %from, i64 %half
  %bytes = shl i64 %half, 3
  call void @llvm.memcpy.p0.p0.i64(ptr %to, ptr %from, i64 %bytes, i1 false)
  %i2 = add i64 %i, 1
  %again = icmp ult i64 %i2, %parts
  br i1 %again, label %copy, label %next
work:{_choose("ahead")}
next:
  %parts2 = shl i64 %parts, 1
  %half2 = lshr i64 %half, 1
  %more = icmp ult i64 %parts2, %n
  br i1 %more, label %stage, label %end
end:
  %k = phi i64 [0, %next], [%k2, %end]
  %p = getelementptr i64, ptr %x, i64 %k
  %v = load i64, ptr %p
  %r = call i64 @reduced(i64 %v, i64 %q, i64 %one)
  store i64 %r, ptr %p
  %k2 = add i64 %k, 1
  %left = icmp ult i64 %k2, %n
  br i1 %left, label %end, label %leave
leave:
  ret void
}}
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)

; x: n residues; f and g: 1 / n modulo q and its companion
define void @backward(
  ptr noalias %x, ptr noalias %tw, ptr noalias %co, i64 %q, i64 %f, i64 %g, i64 %n) #0 {{
entry:
  %start = lshr i64 %n, 1
  br label %stage
stage:
  %parts = phi i64 [%start, %entry], [%parts2, %next]
  %half = phi i64 [1, %entry], [%half2, %next]{_choose("back")}
next:
  %parts2 = lshr i64 %parts, 1
  %half2 = shl i64 %half, 1
  %more = icmp uge i64 %parts2, 1
  br i1 %more, label %stage, label %end
end:
  %k = phi i64 [0, %next], [%k2, %end]
  %p = getelementptr i64, ptr %x, i64 %k
  %v = load i64, ptr %p
  %m = call i64 @times(i64 %v, i64 %f, i64 %g, i64 %q)
  %r = call i64 @once(i64 %m, i64 %q)
  store i64 %r, ptr %p
  %k2 = add i64 %k, 1
  %left = icmp ult i64 %k2, %n
  br i1 %left, label %end, label %leave
leave:
  ret void
}}
"""


_LIFT = """
; out[i] = in[i] + shift for i below count, and 0 from there to n
define void @lift(ptr noalias %out, ptr noalias %in, i64 %count, i64 %n, i64 %shift) #0 {
entry:
  br label %fill
fill:
  %i = phi i64 [0, %entry], [%i2, %fill]
  %p = getelementptr i64, ptr %in, i64 %i
  %o = getelementptr i64, ptr %out, i64 %i
  %v = load i64, ptr %p
  %r = add i64 %v, %shift
  store i64 %r, ptr %o
  %i2 = add i64 %i, 1
  %more = icmp ult i64 %i2, %count
  br i1 %more, label %fill, label %rest
rest:
  %z = getelementptr i64, ptr %out, i64 %count
  %gap = sub i64 %n, %count
  %bytes = shl i64 %gap, 3
  call void @llvm.memset.p0.i64(ptr %z, i8 0, i64 %bytes, i1 false)
  ret void
}
declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)
"""

_SUMS = """
; acc[h][i] += sum_j pairs[j][h][i] plain[j][i], h = 0, 1; strides in numbers; acc: 128-bit sums, 2 n of them
define void @gather(
  ptr noalias %acc, ptr noalias %pairs, i64 %apart, i64 %between, ptr noalias %plain, i64 %stride,
  i64 %m, i64 %n) #0 {
entry:
  br label %number
number:
  %i = phi i64 [0, %entry], [%i2, %stored]
  %t0 = getelementptr i128, ptr %acc, i64 %i
  %t1 = getelementptr i128, ptr %t0, i64 %n
  %from0 = load i128, ptr %t0, align 16
  %from1 = load i128, ptr %t1, align 16
  br label %term
term:
  %j = phi i64 [0, %number], [%j2, %term]
  %s0 = phi i128 [%from0, %number], [%sum0, %term]
  %s1 = phi i128 [%from1, %number], [%sum1, %term]
  %pa = mul i64 %j, %between
  %pi = add i64 %pa, %i
  %p0 = getelementptr i64, ptr %pairs, i64 %pi
  %p1 = getelementptr i64, ptr %p0, i64 %apart
  %xa = mul i64 %j, %stride
  %xi = add i64 %xa, %i
  %px = getelementptr i64, ptr %plain, i64 %xi
  %c0 = load i64, ptr %p0
  %c1 = load i64, ptr %p1
  %x = load i64, ptr %px
  %w0 = zext i64 %c0 to i128
  %w1 = zext i64 %c1 to i128
  %wx = zext i64 %x to i128
  %m0 = mul nuw i128 %w0, %wx
  %m1 = mul nuw i128 %w1, %wx
  %sum0 = add nuw i128 %s0, %m0
  %sum1 = add nuw i128 %s1, %m1
  %j2 = add i64 %j, 1
  %more = icmp ult i64 %j2, %m
  br i1 %more, label %term, label %stored
stored:
  store i128 %sum0, ptr %t0, align 16
  store i128 %sum1, ptr %t1, align 16
  %i2 = add i64 %i, 1
  %again = icmp ult i64 %i2, %n
  br i1 %again, label %number, label %leave
leave:
  ret void
}

; out[i] = acc[i] modulo q
define void @fold(ptr noalias %out, ptr noalias %acc, i64 %n, i64 %q, i64 %one, i64 %r, i64 %s) #0 {
entry:
  br label %number
number:
  %i = phi i64 [0, %entry], [%i2, %number]
  %t = getelementptr i128, ptr %acc, i64 %i
  %v = load i128, ptr %t, align 16
  %x = call i64 @folded(i128 %v, i64 %q, i64 %one, i64 %r, i64 %s)
  %o = getelementptr i64, ptr %out, i64 %i
  store i64 %x, ptr %o
  %i2 = add i64 %i, 1
  %more = icmp ult i64 %i2, %n
  br i1 %more, label %number, label %leave
leave:
  ret void
}

; out[i] = x[i] y[i] modulo q
define void @multiply(
  ptr noalias %out, ptr noalias %x, ptr noalias %y, i64 %n, i64 %q, i64 %one, i64 %r, i64 %s) #0 {
entry:
  br label %number
number:
  %i = phi i64 [0, %entry], [%i2, %number]
  %px = getelementptr i64, ptr %x, i64 %i
  %py = getelementptr i64, ptr %y, i64 %i
  %po = getelementptr i64, ptr %out, i64 %i
  %a = load i64, ptr %px
  %b = load i64, ptr %py
  %wa = zext i64 %a to i128
  %wb = zext i64 %b to i128
  %p = mul nuw i128 %wa, %wb
  %v = call i64 @folded(i128 %p, i64 %q, i64 %one, i64 %r, i64 %s)
  store i64 %v, ptr %po
  %i2 = add i64 %i, 1
  %more = icmp ult i64 %i2, %n
  br i1 %more, label %number, label %leave
leave:
  ret void
}
"""

_ATTRIBUTES = """
attributes #0 = { nounwind }
attributes #1 = { nounwind alwaysinline }
"""


class Code:
    """The compiled functions; they know no ring."""

    def __init__(self) -> None:
        binding = llvm_binding()
        module = binding.parse_assembly(_PRELUDE + _transforms() + _LIFT + _SUMS + _ATTRIBUTES)
        module.verify()
        machine = binding.Target.from_default_triple().create_target_machine(
            opt=3, cpu=binding.get_host_cpu_name(), features=binding.get_host_cpu_features().flatten()
        )
        # There is no 128-bit product of vectors: made of halves it is slower than one number at a time.
        options = binding.create_pipeline_tuning_options(speed_level=3)
        options.loop_vectorization = options.slp_vectorization = False
        builder = binding.create_pass_builder(machine, options)
        builder.getModulePassManager().run(module, builder)
        self._engine = binding.create_mcjit_compiler(module, machine)
        self._engine.finalize_object()
        p, n = ctypes.c_void_p, ctypes.c_uint64
        self.forward = self._function("forward", p, p, p, n, n, n, n)
        self.backward = self._function("backward", p, p, p, n, n, n, n)
        self.lift = self._function("lift", p, p, n, n, n)
        self.gather = self._function("gather", p, p, n, n, p, n, n, n)
        self.fold = self._function("fold", p, p, n, n, n, n, n)
        self.multiply = self._function("multiply", p, p, p, n, n, n, n, n)

    def _function(self, name: str, *arguments: Any) -> Callable[..., None]:
        return ctypes.CFUNCTYPE(None, *arguments)(self._engine.get_function_address(name))


@functools.cache
def llvm_binding() -> Any:
    """llvmlite, ready to compile for this machine.

    Raises:
        KernelError: llvmlite is not installed.
    """
    try:
        from llvmlite import binding  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        raise KernelError("the llvm kernel needs llvmlite: install the extra 'fast'") from None
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    return binding


@functools.cache
def code() -> Code:
    """The compiled functions, made once."""
    return Code()
