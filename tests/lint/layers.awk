# layers.awk - a file includes its own folder or a lower layer (src/README.md). Lists every breach, exits 1 if any.
#   awk -f tests/lint/layers.awk $(find src -name '*.[ch]')
BEGIN {
  n = split("base value catalog lang io engine pkg run cli", order, " ")
  for (i = 1; i <= n; i++) rank[order[i]] = i
}
{ split(FILENAME, path, "/"); own = path[2] }
/^#include "/ {
  split($2, quoted, "\"")
  if (quoted[2] !~ /\//) { if (quoted[2] !~ /^tdl/) { print FILENAME ":" FNR ": write the folder: " $2; bad = 1 }; next }
  split(quoted[2], target, "/")
  to = target[1]
  if (!(to in rank)) { print FILENAME ":" FNR ": unknown layer: " $2; bad = 1 }
  else if (rank[to] > rank[own]) { print FILENAME ":" FNR ": " own " must not see " to ": " $2; bad = 1 }
  else if (own == "pkg" && to == "io") { print FILENAME ":" FNR ": pkg and io never see each other: " $2; bad = 1 }
}
END { exit bad }
