# functions.awk - lists functions longer than `limit` lines: FILE:FUNCTION LINES. A function starts at a line in column 0
# that ends in "{" and ends at "}" in column 0: the layout of this project.
FNR == 1 { name = "" }
/^[A-Za-z_].*\) *\{ *$/ || /^[a-z_A-Z].*\) *\{ *\/\*.*$/ {
  head = $0
  sub(/\(.*/, "", head)
  sub(/.*[ *]/, "", head)
  name = head
  start = FNR
}
/^\}/ && name != "" {
  if (FNR - start + 1 > limit) print FILENAME ":" name, FNR - start + 1
  name = ""
}
