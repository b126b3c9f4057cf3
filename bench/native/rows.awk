# The lines of kernels.cpp, of gpt2.cpp and of bench/peers/gpu_*.py, for table.awk and chart.awk behind it: what each
# measured, and the ceilings that the same lines hold (a copy; the fastest product of a library).

# The value of a key: a text, a number, or null.
function value(key,    start, rest) {
  start = index($0, "\"" key "\":")
  if (!start) return ""
  rest = substr($0, start + length(key) + 3)
  if (substr(rest, 1, 1) == "\"") { rest = substr(rest, 2); return substr(rest, 1, index(rest, "\"") - 1) }
  sub(/[,}].*/, "", rest)
  return rest
}

/"about":/ {
  if (value("about") == "device") device = value("value")
  if (!told[value("about")]++) about[++abouts] = value("about") ": " value("value")
  next
}
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
  if (by ~ /^torch/) {
    torch = by
    if (what ~ /, compiled$/) { sub(/, compiled\|/, "|", key); compiled_ms[key] = ms } else torch_ms[key] = ms
    next
  }
  row[++rows] = key; row_by[rows] = by; row_ms[rows] = ms; row_rate[rows] = rate
  computes[rows] = value("flops") > 0; row_tokens[rows] = value("tokens")
}

# Of a row, the share of its ceiling; nothing where there are no times.
function share_of(i,    ceiling) {
  ceiling = computes[i] ? product_ceiling : copy_ceiling
  return row_rate[i] != "" && ceiling > 0 ? row_rate[i] / ceiling : ""
}

# The fastest of PyTorch's times for a row.
function best_torch(i,    plain, compiled) {
  plain = torch_ms[row[i]]; compiled = compiled_ms[row[i]]
  if (plain == "null" || plain == "") return compiled == "null" ? "" : compiled
  return compiled != "" && compiled != "null" && compiled < plain ? compiled : plain
}
