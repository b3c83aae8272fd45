"""The WebAssembly reading: a kernel as a module for browsers, which needs no server and no installation.

The kernel's text is the text for processors with vectors of 128 bits, WebAssembly's only width. The arithmetic of WebAssembly
is that of IEEE 754, so a module gives the same bits as a processor. Only a b + c with one rounding is not part of it:

- a `relaxed` module uses the instruction `relaxed_madd` of relaxed SIMD. It rounds once on processors that can, and twice on
  others; a page finds out which by trying it. Some browsers do not know it, and then refuse the whole module.
- a `plain` module composes that operation from others, as kernels for processors without it do. It gives the same bits in every
  browser with SIMD, but takes longer.

- `vectors`: the writers of vectors for the two modules
- `wide`: products and shifts of 128-bit integers, which WebAssembly does not have
- `target`: from LLVM's text to an object
- `binary`: from an object to a module that a browser loads
- `kernel`: the whole kernel
- `probe`: a module that tries how a processor rounds
"""
