"""fma of float64 in whole numbers, as LLVM's text: every case, lane by lane. It is slow, and `exact_fma` rarely calls it.

The C library's fma cannot serve here: some libraries round twice, and a linker may not find it.
"""

from __future__ import annotations

__all__ = ["lanes_text"]


def lanes_text(width: int) -> str:
    """Return definitions of `@fma_lanes(a, b, c)` for vectors of this width, and of the functions that it calls."""
    return _WHOLE + _LANES.replace("WIDTH", str(width))


# `preserve_allcc`: the caller's registers stay as they are, so that a rare call costs nothing where it is not made.
_LANES = """
define internal preserve_allcc <WIDTH x double> @fma_lanes(<WIDTH x double> %a, <WIDTH x double> %b, <WIDTH x double> %c) noinline {
entry:
  br label %lane
lane:
  %i = phi i32 [ 0, %entry ], [ %next, %lane ]
  %result = phi <WIDTH x double> [ poison, %entry ], [ %more, %lane ]
  %x = extractelement <WIDTH x double> %a, i32 %i
  %y = extractelement <WIDTH x double> %b, i32 %i
  %z = extractelement <WIDTH x double> %c, i32 %i
  %value = call double @fma_whole(double %x, double %y, double %z)
  %more = insertelement <WIDTH x double> %result, double %value, i32 %i
  %next = add i32 %i, 1
  %last = icmp eq i32 %next, WIDTH
  br i1 %last, label %done, label %lane
done:
  ret <WIDTH x double> %more
}
"""

_WHOLE = """declare i64 @llvm.ctlz.i64(i64, i1)
declare i128 @llvm.ctlz.i128(i128, i1)
define internal {i64, i64} @fma_parts(double %x) {
  ; x = m 2^e with 2^52 <= m < 2^53; a subnormal x is shifted up
  %bits = bitcast double %x to i64
  %raw = lshr i64 %bits, 52
  %exponent = and i64 %raw, 2047
  %fraction = and i64 %bits, 4503599627370495
  %subnormal = icmp eq i64 %exponent, 0
  %normal = or i64 %fraction, 4503599627370496
  %zeros = call i64 @llvm.ctlz.i64(i64 %fraction, i1 false)
  %up = sub i64 %zeros, 11
  %up63 = and i64 %up, 63
  %shifted = shl i64 %fraction, %up63
  %below = sub i64 1, %up
  %m = select i1 %subnormal, i64 %shifted, i64 %normal
  %biased = select i1 %subnormal, i64 %below, i64 %exponent
  %e = sub i64 %biased, 1075
  %one = insertvalue {i64, i64} poison, i64 %m, 0
  %both = insertvalue {i64, i64} %one, i64 %e, 1
  ret {i64, i64} %both
}
define internal i128 @fma_right(i128 %x, i64 %by) {
  ; x 2^-by, cut off; what is lost leaves a 1 in the last place, so that no rounding goes astray
  %far = icmp sgt i64 %by, 127
  %near = select i1 %far, i64 127, i64 %by
  %n = zext i64 %near to i128
  %down = lshr i128 %x, %n
  %back = shl i128 %down, %n
  %lost = icmp ne i128 %back, %x
  %sticky = zext i1 %lost to i128
  %odd = or i128 %down, %sticky
  ret i128 %odd
}
define internal double @fma_whole(double %a, double %b, double %c) noinline {
entry:
  ; no rounding of a product matters where a factor is 0, infinite or NaN
  %rounded = fmul double %a, %b
  %naive = fadd double %rounded, %c
  %size_a = call double @llvm.fabs.f64(double %a)
  %size_b = call double @llvm.fabs.f64(double %b)
  %size_c = call double @llvm.fabs.f64(double %c)
  %fa = fcmp olt double %size_a, 0x7FF0000000000000
  %fb = fcmp olt double %size_b, 0x7FF0000000000000
  %fc = fcmp olt double %size_c, 0x7FF0000000000000
  %fab = and i1 %fa, %fb
  br i1 %fab, label %factors_finite, label %plain
plain:
  ret double %naive
factors_finite:
  br i1 %fc, label %finite, label %summand
summand:
  %quiet = fadd double %c, %c
  ret double %quiet
finite:
  %za = fcmp oeq double %a, 0.0
  %zb = fcmp oeq double %b, 0.0
  %zab = or i1 %za, %zb
  br i1 %zab, label %plain, label %product
product:
  %zc = fcmp oeq double %c, 0.0
  br i1 %zc, label %only_product, label %whole
only_product:
  ret double %rounded
whole:
  %pa = call {i64, i64} @fma_parts(double %a)
  %pb = call {i64, i64} @fma_parts(double %b)
  %pc = call {i64, i64} @fma_parts(double %c)
  %ma = extractvalue {i64, i64} %pa, 0
  %mb = extractvalue {i64, i64} %pb, 0
  %mc = extractvalue {i64, i64} %pc, 0
  %ea = extractvalue {i64, i64} %pa, 1
  %eb = extractvalue {i64, i64} %pb, 1
  %ec = extractvalue {i64, i64} %pc, 1
  %wa = zext i64 %ma to i128
  %wb = zext i64 %mb to i128
  %wc = zext i64 %mc to i128
  %p0 = mul i128 %wa, %wb
  ; both in one window of 128 bits, below 2^126, with the exponent of the higher one
  %P = shl i128 %p0, 20
  %C = shl i128 %wc, 72
  %ep0 = add i64 %ea, %eb
  %ep = sub i64 %ep0, 20
  %ec72 = sub i64 %ec, 72
  %c_higher = icmp sgt i64 %ec72, %ep
  %top = select i1 %c_higher, i64 %ec72, i64 %ep
  %down_p = sub i64 %top, %ep
  %down_c = sub i64 %top, %ec72
  %Pd = call i128 @fma_right(i128 %P, i64 %down_p)
  %Cd = call i128 @fma_right(i128 %C, i64 %down_c)
  %ba = bitcast double %a to i64
  %bb = bitcast double %b to i64
  %bc = bitcast double %c to i64
  %sp = xor i64 %ba, %bb
  %np = icmp slt i64 %sp, 0
  %nc = icmp slt i64 %bc, 0
  %Pn = sub i128 0, %Pd
  %Cn = sub i128 0, %Cd
  %Ps = select i1 %np, i128 %Pn, i128 %Pd
  %Cs = select i1 %nc, i128 %Cn, i128 %Cd
  %S = add i128 %Ps, %Cs
  %nothing = icmp eq i128 %S, 0
  br i1 %nothing, label %zero, label %some
zero:
  ret double 0.0
some:
  ; the sum's highest bit to the top of the window
  %negative = icmp slt i128 %S, 0
  %Sn = sub i128 0, %S
  %M0 = select i1 %negative, i128 %Sn, i128 %S
  %lz = call i128 @llvm.ctlz.i128(i128 %M0, i1 true)
  %M = shl i128 %M0, %lz
  %lz64 = trunc i128 %lz to i64
  %e1 = sub i64 %top, %lz64
  %biased = add i64 %e1, 1150
  ; the 53 bits of the result, fewer of a subnormal one, and two more that decide the rounding: to nearest, ties to even
  %huge = icmp sgt i64 %biased, 2046
  %low = icmp slt i64 %biased, 1
  %kept = select i1 %low, i64 1, i64 %biased
  %extra = sub i64 %kept, %biased
  %t = add i64 %extra, 73
  %q2 = call i128 @fma_right(i128 %M, i64 %t)
  %q = trunc i128 %q2 to i64
  %tail = and i64 %q, 3
  %main = lshr i64 %q, 2
  %odd = and i64 %main, 1
  %decide = add i64 %tail, %odd
  %up1 = icmp ugt i64 %decide, 2
  %up = zext i1 %up1 to i64
  %field = sub i64 %kept, 1
  %place = shl i64 %field, 52
  %sum0 = add i64 %main, %place
  %sum = add i64 %sum0, %up
  %size = select i1 %huge, i64 9218868437227405312, i64 %sum
  %sign = select i1 %negative, i64 -9223372036854775808, i64 0
  %all = or i64 %size, %sign
  %result = bitcast i64 %all to double
  ret double %result
}
declare double @llvm.fabs.f64(double)
"""
