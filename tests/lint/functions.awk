# functions.awk - lists functions longer than `limit` lines: FILE:FUNCTION LINES. A function starts at a line in column 0
# that ends in "{" and ends at "}" in column 0: the layout of this project. In C++ it may also be a member that is written
# within its class, in column 2; qualifiers and lists of bases may stand before the "{".
function begin(head, margin) {
  sub(/\(.*/, "", head)
  sub(/.*[ *&]/, "", head)
  name = head
  start = FNR
  column = margin
}
FNR == 1 { name = ""; cpp = FILENAME ~ /\.cc$/ }
/^namespace / { cpp = 1 }
/^[A-Za-z_].*\) *\{ *$/ || /^[a-z_A-Z].*\) *\{ *\/\*.*$/ { begin($0, 0) }
cpp && /^[A-Za-z_].*\).* \{ *$/ { begin($0, 0) }
cpp && name == "" && /^  [A-Za-z_~].*\).* \{ *$/ && !/^  (if|for|while|switch|else|do|return|catch) / { begin($0, 2) }
/^\}/ && name != "" && column == 0 || /^  \}/ && name != "" && column == 2 {
  if (FNR - start + 1 > limit) print FILENAME ":" name, FNR - start + 1
  name = ""
}
