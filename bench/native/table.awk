# A table in Markdown out of the lines of kernels.cpp and of bench/peers/gpu_kernels.py: for each kernel what it reached
# of the ceilings that the same lines hold (a copy; the fastest product of cuBLASLt's), what was to be reached, and
# PyTorch's time.

BEGIN {
  least_share["adamw"] = 0.90
  least_share["layernorm forward"] = least_share["residual+layernorm forward"] = 0.85
  least_share["layernorm pullback"] = least_share["residual+layernorm pullback"] = 0.70
  most_ms["cross-entropy and gradient over the logits"] = 4.6
  own_tflops = 400
  least_of_torch = 0.95
  # TFLOP/s by tokens a sequence and head size. FlashAttention 2 reaches as much forward on an H100; both ways 0.75 of it.
  least_tflops["attention forward, causal", 1024, 64] = 229
  least_tflops["attention forward, causal", 4096, 64] = 284
  least_tflops["attention forward, causal", 1024, 128] = 260
  least_tflops["attention forward, causal", 4096, 128] = 319
  least_tflops["attention forward and pullback, causal", 1024, 64] = 0.75 * 192
  least_tflops["attention forward and pullback, causal", 4096, 64] = 0.75 * 257
}

# The value of a key: a text, a number, or null.
function value(key,    start, rest) {
  start = index($0, "\"" key "\":")
  if (!start) return ""
  rest = substr($0, start + length(key) + 3)
  if (substr(rest, 1, 1) == "\"") { rest = substr(rest, 2); return substr(rest, 1, index(rest, "\"") - 1) }
  sub(/[,}].*/, "", rest)
  return rest
}

/"about":/ { if (!told[value("about")]++) about[++abouts] = value("about") ": " value("value"); next }
!/"what":/ { next }
{
  what = value("what"); by = value("by"); ms = value("ms")
  key = what "|" value("shape") "|" value("dtype")
  timed = ms != "null" && ms > 0
  if (timed && value("flops") > 0) {
    rate = value("flops") / ms / 1e9
    if (by != "gatun" && rate > product_ceiling) product_ceiling = rate
  } else if (timed) {
    rate = value("bytes") / ms / 1e6
    if (what == "copy" && rate > copy_ceiling) copy_ceiling = rate
  } else rate = ""
  if (by ~ /^torch/) { torch_ms[key] = ms; torch = by; next }
  row[++rows] = key; row_by[rows] = by; row_ms[rows] = ms; row_rate[rows] = rate; computes[rows] = value("flops") > 0
}

function verdict(holds) { return holds ? "met" : "missed" }

# What was to be reached, and whether it was.
function goal(i, what, dtype, share,    size, timed, torch_time) {
  timed = row_rate[i] != ""
  torch_time = torch_ms[row[i]]
  split(row[i], size, / x |\|/)
  if ((what, size[3], size[5]) in least_tflops)
    return sprintf(">= %.0f TFLOP/s", least_tflops[what, size[3], size[5]]) \
      (timed ? ", " verdict(row_rate[i] >= least_tflops[what, size[3], size[5]]) : "")
  if (what in least_share)
    return sprintf(">= %.0f %%", 100 * least_share[what]) (timed ? ", " verdict(share >= least_share[what]) : "")
  if (what in most_ms) return "<= " most_ms[what] " ms" (timed ? ", " verdict(row_ms[i] <= most_ms[what]) : "")
  if (what == "product" && dtype == "bf16" && row_by[i] == "gatun")
    return ">= " own_tflops " TFLOP/s" (timed ? ", " verdict(row_rate[i] >= own_tflops) : "")
  if (what == "product" && dtype == "bf16")
    return sprintf(">= %.0f %% of PyTorch's", 100 * least_of_torch) \
      (timed && torch_time > 0 ? ", " verdict(torch_time / row_ms[i] >= least_of_torch) : "")
  return ""
}

END {
  for (i = 1; i <= abouts; i++) print about[i] "  "
  print ""
  print "| kernel | size | type | by | ms | rate | of the ceiling | goal | " (torch == "" ? "PyTorch" : torch) ", ms |"
  print "|---|---|---|---|---|---|---|---|---|"
  for (i = 1; i <= rows; i++) {
    split(row[i], part, "|")
    ceiling = computes[i] ? product_ceiling : copy_ceiling
    share = row_rate[i] != "" && ceiling > 0 ? row_rate[i] / ceiling : ""
    printf "| %s | %s | %s | %s | %s | %s | %s | %s | %s |\n", part[1], part[2], part[3], row_by[i],
      row_rate[i] == "" ? "no times" : row_ms[i],
      row_rate[i] == "" ? "" : sprintf(computes[i] ? "%.0f TFLOP/s" : "%.0f GB/s", row_rate[i]),
      share == "" ? "" : sprintf("%.0f %%", 100 * share), goal(i, part[1], part[3], share),
      torch_ms[row[i]] == "null" ? "" : torch_ms[row[i]]
  }
}
