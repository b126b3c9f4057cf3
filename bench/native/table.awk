# A table in Markdown of what rows.awk has read: for each kernel what it reached of its ceiling, what was to be reached,
# and PyTorch's times.

BEGIN {
  least_share["adamw"] = least_share["sophia"] = least_share["lion"] = 0.90
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
  least_tokens["gpt2 124m training step"] = 430000
  # What is to reach the TFLOP/s of its primal, causal or not.
  primal["attention forward and tangent"] = "attention forward"
  primal["attention pullback tangent"] = "attention pullback"
  # Second order: at most so many times the first, and of PyTorch's time.
  first_order["gpt2 124m gradient and HVP"] = "gpt2 124m gradient"
  most_of_first = 3.3
  most_of_torch = 1 / 3
  # Dense bf16 products, TFLOP/s, as the makers name them: what MFU is a share of.
  nominal["H100"] = nominal["H200"] = 989
}

function verdict(holds) { return holds ? "met" : "missed" }

# Of a row, that of other work of the same size; 0 where there is none.
function beside(i, other,    part, j) {
  split(row[i], part, "|")
  for (j = 1; j <= rows; j++) if (row[j] == other "|" part[2] "|" part[3] && row_by[j] == row_by[i]) return j
  return 0
}

function base_of(what) {
  sub(/, causal$/, "", what)
  return what
}

function to_primal(i, what,    base, other, share) {
  base = base_of(what)
  other = beside(i, primal[base] substr(what, length(base) + 1))
  if (!other || row_rate[i] == "" || row_rate[other] == "") return ">= the primal's TFLOP/s"
  share = row_rate[i] / row_rate[other]
  return sprintf(">= the primal's %.0f TFLOP/s, %.2f of it, %s", row_rate[other], share, verdict(share >= 1))
}

function to_first_order(i, what, torch_time,    other, text, times) {
  text = sprintf("<= %.1f of the gradient's time", most_of_first)
  other = beside(i, first_order[what])
  if (other && row_rate[i] != "") {
    times = row_ms[i] / row_ms[other]
    text = text sprintf(", %.2f, %s", times, verdict(times <= most_of_first))
  }
  text = text sprintf("; <= %.2f of PyTorch's", most_of_torch)
  if (torch_time > 0 && row_rate[i] != "")
    text = text sprintf(", %.2f, %s", row_ms[i] / torch_time, verdict(row_ms[i] <= most_of_torch * torch_time))
  return text
}

# What was to be reached, and whether it was.
function goal(i, what, dtype, share,    size, timed, torch_time) {
  timed = row_rate[i] != ""
  torch_time = best_torch(i)
  split(row[i], size, / x |\|/)
  if ((what, size[3], size[5]) in least_tflops)
    return sprintf(">= %.0f TFLOP/s", least_tflops[what, size[3], size[5]]) \
      (timed ? ", " verdict(row_rate[i] >= least_tflops[what, size[3], size[5]]) : "")
  if (base_of(what) in primal) return to_primal(i, what)
  if (what in first_order) return to_first_order(i, what, torch_time)
  if (what in least_tokens)
    return sprintf(">= %d tokens/s and PyTorch's", least_tokens[what]) \
      (timed && torch_time > 0 ? ", " verdict(tokens_a_second(i) >= least_tokens[what] && row_ms[i] <= torch_time) : "")
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

function tokens_a_second(i) { return 1e3 * row_tokens[i] / row_ms[i] }

# A step is told in tokens, and as the share of what the device's maker names.
function rate_of(i,    name) {
  if (row_rate[i] == "") return ""
  if (!computes[i]) return sprintf("%.0f GB/s", row_rate[i])
  if (row_tokens[i] == "") return sprintf("%.0f TFLOP/s", row_rate[i])
  for (name in nominal)
    if (index(device, name)) return sprintf("%d tokens/s, MFU %.0f %%", tokens_a_second(i), 100 * row_rate[i] / nominal[name])
  return sprintf("%d tokens/s", tokens_a_second(i))
}

function time_of(ms) { return ms == "null" ? "" : ms }

END {
  for (i = 1; i <= abouts; i++) print about[i] "  "
  print ""
  torch = torch == "" ? "PyTorch" : torch
  print "| kernel | size | type | by | ms | rate | of the ceiling | goal | " torch ", ms | compiled, ms |"
  print "|---|---|---|---|---|---|---|---|---|---|"
  for (i = 1; i <= rows; i++) {
    split(row[i], part, "|")
    share = share_of(i)
    printf "| %s | %s | %s | %s | %s | %s | %s | %s | %s | %s |\n", part[1], part[2], part[3], row_by[i],
      row_rate[i] == "" ? "no times" : row_ms[i], rate_of(i), share == "" ? "" : sprintf("%.0f %%", 100 * share),
      goal(i, part[1], part[3], share), time_of(torch_ms[row[i]]), time_of(compiled_ms[row[i]])
  }
}
