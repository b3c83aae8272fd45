"""Products and shifts of 128-bit integers, as LLVM's text.

WebAssembly has integers of 64 bits. LLVM calls these functions by their names in compiler runtimes, which a linker would add.
"""

from __future__ import annotations

__all__ = ["WIDE"]

WIDE = """define hidden i128 @__multi3(i128 %a, i128 %b) noinline {
  %a0 = trunc i128 %a to i64
  %b0 = trunc i128 %b to i64
  %a_high = lshr i128 %a, 64
  %b_high = lshr i128 %b, 64
  %a1 = trunc i128 %a_high to i64
  %b1 = trunc i128 %b_high to i64
  ; the lower halves in pieces of 32 bits
  %x0 = and i64 %a0, 4294967295
  %x1 = lshr i64 %a0, 32
  %y0 = and i64 %b0, 4294967295
  %y1 = lshr i64 %b0, 32
  %p00 = mul i64 %x0, %y0
  %p01 = mul i64 %x0, %y1
  %p10 = mul i64 %x1, %y0
  %p11 = mul i64 %x1, %y1
  %carry0 = lshr i64 %p00, 32
  %middle0 = add i64 %p10, %carry0
  %middle_low = and i64 %middle0, 4294967295
  %middle1 = add i64 %p01, %middle_low
  %carry1 = lshr i64 %middle0, 32
  %carry2 = lshr i64 %middle1, 32
  %high0 = add i64 %p11, %carry1
  %high1 = add i64 %high0, %carry2
  %cross0 = mul i64 %a0, %b1
  %cross1 = mul i64 %a1, %b0
  %high2 = add i64 %high1, %cross0
  %high = add i64 %high2, %cross1
  %low = mul i64 %a0, %b0
  %result = call i128 @wide_join(i64 %low, i64 %high)
  ret i128 %result
}
define hidden i128 @__lshrti3(i128 %a, i32 %n) noinline {
  %low = trunc i128 %a to i64
  %upper = lshr i128 %a, 64
  %high = trunc i128 %upper to i64
  %by32 = and i32 %n, 63
  %by = zext i32 %by32 to i64
  %back = sub i64 63, %by
  ; in two shifts, since one by 64 has no value
  %twice = shl i64 %high, 1
  %down = shl i64 %twice, %back
  %near_low0 = lshr i64 %low, %by
  %near_low = or i64 %near_low0, %down
  %moved = lshr i64 %high, %by
  %far32 = and i32 %n, 64
  %far = icmp ne i32 %far32, 0
  %new_low = select i1 %far, i64 %moved, i64 %near_low
  %new_high = select i1 %far, i64 0, i64 %moved
  %result = call i128 @wide_join(i64 %new_low, i64 %new_high)
  ret i128 %result
}
define hidden i128 @__ashlti3(i128 %a, i32 %n) noinline {
  %low = trunc i128 %a to i64
  %upper = lshr i128 %a, 64
  %high = trunc i128 %upper to i64
  %by32 = and i32 %n, 63
  %by = zext i32 %by32 to i64
  %back = sub i64 63, %by
  %half = lshr i64 %low, 1
  %up = lshr i64 %half, %back
  %near_high0 = shl i64 %high, %by
  %near_high = or i64 %near_high0, %up
  %moved = shl i64 %low, %by
  %far32 = and i32 %n, 64
  %far = icmp ne i32 %far32, 0
  %new_high = select i1 %far, i64 %moved, i64 %near_high
  %new_low = select i1 %far, i64 0, i64 %moved
  %result = call i128 @wide_join(i64 %new_low, i64 %new_high)
  ret i128 %result
}
define internal i128 @wide_join(i64 %low, i64 %high) alwaysinline {
  %l = zext i64 %low to i128
  %h = zext i64 %high to i128
  %up = shl i128 %h, 64
  %both = or i128 %l, %up
  ret i128 %both
}
"""
