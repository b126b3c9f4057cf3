# A chart in SVG of what rows.awk has read: of each timed row the share of its ceiling, as a bar, and PyTorch's, as a
# mark across it.

function text(x, y, anchor, what) {
  gsub(/&/, "\\&amp;", what)
  printf "<text x=\"%d\" y=\"%d\" text-anchor=\"%s\">%s</text>\n", x, y, anchor, what
}

END {
  line = 18; labels = 470; scale = 420; top = 46
  for (i = 1; i <= rows; i++)
    if (share_of(i) != "") shown[++bars] = i
  height = top + bars * line + 12
  printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" font-family=\"sans-serif\" font-size=\"11\">\n",
    labels + scale + 70, height
  print "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>"
  text(labels, 14, "start", device ": share of the ceiling measured in the same run")
  text(labels, 28, "start", "bar: gatun (products and steps dark); mark: " (torch == "" ? "PyTorch" : torch))
  for (tenths = 0; tenths <= 10; tenths += 2) {
    x = labels + scale * tenths / 10
    printf "<path d=\"M%d %dV%d\" stroke=\"#ddd\"/>\n", x, top - 4, height - 10
    text(x, top - 6, "middle", tenths * 10 " %")
  }
  for (bar = 1; bar <= bars; bar++) {
    i = shown[bar]; y = top + (bar - 1) * line; share = share_of(i)
    split(row[i], part, "|")
    text(labels - 6, y + 12, "end", part[1] ", " part[2] " " part[3] (row_by[i] == "gatun" ? "" : ", cuBLASLt"))
    printf "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"12\" fill=\"%s\"/>\n", labels, y + 2,
      scale * (share > 1.1 ? 1.1 : share), computes[i] ? "#305080" : "#90b0d8"
    text(labels + scale * (share > 1.1 ? 1.1 : share) + 4, y + 12, "start", sprintf("%.0f", 100 * share))
    if (best_torch(i) > 0)
      printf "<rect x=\"%.1f\" y=\"%d\" width=\"3\" height=\"16\" fill=\"#d06020\"/>\n",
        labels + scale * share * row_ms[i] / best_torch(i), y
  }
  print "</svg>"
}
