;; The two axes of `resample.ts` with 128-bit vectors. The same 32-bit arithmetic as the TypeScript beside it, so the same bytes.
;; `resampleVectors.ts` holds it compiled; a test compiles it anew and compares.
(module
  (memory (export "memory") 1)
  ;; Along x, for rows of RGB bytes: three sums of an output pixel side by side, four input pixels at a time.
  ;; starts: byte offset in a row of the first input pixel, counts: input pixels, for each of `width` output pixels; weights: 22-bit fixed point,
  ;; `stride` bytes for each output pixel. Reads up to 16 bytes behind the last row, writes one behind the output.
  (func (export "resizeRows")
    (param $input i32) (param $rowBytes i32) (param $rows i32)
    (param $starts i32) (param $counts i32) (param $weights i32) (param $stride i32)
    (param $width i32) (param $output i32)
    (local $x i32) (local $pixel i32) (local $weight i32) (local $left i32)
    (local $sum v128) (local $bytes v128) (local $none v128)
    (block $done
      (loop $row
        (br_if $done (i32.eqz (local.get $rows)))
        (local.set $x (i32.const 0))
        (loop $column
          (local.set $pixel
            (i32.add (local.get $input)
              (i32.load (i32.add (local.get $starts) (i32.shl (local.get $x) (i32.const 2))))))
          (local.set $weight
            (i32.add (local.get $weights) (i32.mul (local.get $x) (local.get $stride))))
          (local.set $left
            (i32.load (i32.add (local.get $counts) (i32.shl (local.get $x) (i32.const 2)))))
          ;; A half in fixed point, so that the shift rounds.
          (local.set $sum (i32x4.splat (i32.const 0x200000)))
          (block $fewer
            (loop $four
              (br_if $fewer (i32.lt_s (local.get $left) (i32.const 4)))
              (local.set $bytes (v128.load align=1 (local.get $pixel)))
              (local.set $sum
                (i32x4.add (local.get $sum)
                  (i32x4.mul
                    (i8x16.shuffle 0 16 16 16 1 16 16 16 2 16 16 16 16 16 16 16 (local.get $bytes) (local.get $none))
                    (v128.load32_splat align=4 (local.get $weight)))))
              (local.set $sum
                (i32x4.add (local.get $sum)
                  (i32x4.mul
                    (i8x16.shuffle 3 16 16 16 4 16 16 16 5 16 16 16 16 16 16 16 (local.get $bytes) (local.get $none))
                    (v128.load32_splat offset=4 align=4 (local.get $weight)))))
              (local.set $sum
                (i32x4.add (local.get $sum)
                  (i32x4.mul
                    (i8x16.shuffle 6 16 16 16 7 16 16 16 8 16 16 16 16 16 16 16 (local.get $bytes) (local.get $none))
                    (v128.load32_splat offset=8 align=4 (local.get $weight)))))
              (local.set $sum
                (i32x4.add (local.get $sum)
                  (i32x4.mul
                    (i8x16.shuffle 9 16 16 16 10 16 16 16 11 16 16 16 16 16 16 16 (local.get $bytes) (local.get $none))
                    (v128.load32_splat offset=12 align=4 (local.get $weight)))))
              (local.set $pixel (i32.add (local.get $pixel) (i32.const 12)))
              (local.set $weight (i32.add (local.get $weight) (i32.const 16)))
              (local.set $left (i32.sub (local.get $left) (i32.const 4)))
              (br $four)))
          (block $none_left
            (loop $one
              (br_if $none_left (i32.eqz (local.get $left)))
              (local.set $bytes (v128.load32_zero align=1 (local.get $pixel)))
              (local.set $sum
                (i32x4.add (local.get $sum)
                  (i32x4.mul
                    (i8x16.shuffle 0 16 16 16 1 16 16 16 2 16 16 16 16 16 16 16 (local.get $bytes) (local.get $none))
                    (v128.load32_splat align=4 (local.get $weight)))))
              (local.set $pixel (i32.add (local.get $pixel) (i32.const 3)))
              (local.set $weight (i32.add (local.get $weight) (i32.const 4)))
              (local.set $left (i32.sub (local.get $left) (i32.const 1)))
              (br $one)))
          ;; Saturates to bytes; the fourth is overwritten by the next pixel.
          (local.set $sum (i32x4.shr_s (local.get $sum) (i32.const 22)))
          (local.set $sum (i16x8.narrow_i32x4_s (local.get $sum) (local.get $sum)))
          (local.set $sum (i8x16.narrow_i16x8_u (local.get $sum) (local.get $sum)))
          (i32.store align=1 (local.get $output) (i32x4.extract_lane 0 (local.get $sum)))
          (local.set $output (i32.add (local.get $output) (i32.const 3)))
          (local.set $x (i32.add (local.get $x) (i32.const 1)))
          (br_if $column (i32.lt_s (local.get $x) (local.get $width))))
        (local.set $input (i32.add (local.get $input) (local.get $rowBytes)))
        (local.set $rows (i32.sub (local.get $rows) (i32.const 1)))
        (br $row))))
  ;; Along y, whatever the channels: sixteen bytes of an output row side by side, one input row after the other.
  ;; starts: first input row, counts: input rows, for each of `height` output rows; weights and stride as above. Reads and writes up to 16 bytes
  ;; behind input and output.
  (func (export "resizeColumns")
    (param $input i32) (param $rowBytes i32)
    (param $starts i32) (param $counts i32) (param $weights i32) (param $stride i32)
    (param $height i32) (param $output i32)
    (local $y i32) (local $at i32) (local $row i32) (local $weight i32) (local $left i32)
    (local $a v128) (local $b v128) (local $c v128) (local $d v128)
    (local $bytes v128) (local $words v128) (local $factor v128)
    (loop $next
      (local.set $at (i32.const 0))
      (loop $sixteen
        (local.set $row
          (i32.add
            (i32.add (local.get $input) (local.get $at))
            (i32.mul (local.get $rowBytes)
              (i32.load (i32.add (local.get $starts) (i32.shl (local.get $y) (i32.const 2)))))))
        (local.set $weight
          (i32.add (local.get $weights) (i32.mul (local.get $y) (local.get $stride))))
        (local.set $left
          (i32.load (i32.add (local.get $counts) (i32.shl (local.get $y) (i32.const 2)))))
        (local.set $a (i32x4.splat (i32.const 0x200000)))
        (local.set $b (local.get $a))
        (local.set $c (local.get $a))
        (local.set $d (local.get $a))
        (block $done
          (loop $tap
            (br_if $done (i32.eqz (local.get $left)))
            (local.set $factor (v128.load32_splat align=4 (local.get $weight)))
            (local.set $bytes (v128.load align=1 (local.get $row)))
            (local.set $words (i16x8.extend_low_i8x16_u (local.get $bytes)))
            (local.set $a
              (i32x4.add (local.get $a)
                (i32x4.mul (i32x4.extend_low_i16x8_u (local.get $words)) (local.get $factor))))
            (local.set $b
              (i32x4.add (local.get $b)
                (i32x4.mul (i32x4.extend_high_i16x8_u (local.get $words)) (local.get $factor))))
            (local.set $words (i16x8.extend_high_i8x16_u (local.get $bytes)))
            (local.set $c
              (i32x4.add (local.get $c)
                (i32x4.mul (i32x4.extend_low_i16x8_u (local.get $words)) (local.get $factor))))
            (local.set $d
              (i32x4.add (local.get $d)
                (i32x4.mul (i32x4.extend_high_i16x8_u (local.get $words)) (local.get $factor))))
            (local.set $row (i32.add (local.get $row) (local.get $rowBytes)))
            (local.set $weight (i32.add (local.get $weight) (i32.const 4)))
            (local.set $left (i32.sub (local.get $left) (i32.const 1)))
            (br $tap)))
        ;; What goes beyond the row is overwritten by the next one.
        (v128.store align=1
          (i32.add (i32.add (local.get $output) (i32.mul (local.get $y) (local.get $rowBytes))) (local.get $at))
          (i8x16.narrow_i16x8_u
            (i16x8.narrow_i32x4_s
              (i32x4.shr_s (local.get $a) (i32.const 22)) (i32x4.shr_s (local.get $b) (i32.const 22)))
            (i16x8.narrow_i32x4_s
              (i32x4.shr_s (local.get $c) (i32.const 22)) (i32x4.shr_s (local.get $d) (i32.const 22)))))
        (local.set $at (i32.add (local.get $at) (i32.const 16)))
        (br_if $sixteen (i32.lt_s (local.get $at) (local.get $rowBytes))))
      (local.set $y (i32.add (local.get $y) (i32.const 1)))
      (br_if $next (i32.lt_s (local.get $y) (local.get $height))))))
