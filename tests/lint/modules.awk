# modules.awk - a module sees its own folder, other parts below modules/, and of the program only interfaces. Lists every
# breach, exits 1 if any.
#   awk -f tests/lint/modules.awk $(find modules -name '*.[ch]' -o -name '*.cc')
function is_there(path, line, found) {
  found = (getline line < path) >= 0
  close(path)
  return found
}
/^#include "/ {
  split($2, quoted, "\"")
  name = quoted[2]
  folder = FILENAME
  sub(/[^\/]*$/, "", folder)
  if (is_there(folder name) || is_there("modules/" name)) next
  if (name ~ /^(value|io)\/[a-z]+_module\.h$/ || name == "io/codec_backend.h" || name == "value/arrow_abi.h") next
  print FILENAME ":" FNR ": " $2 " is no interface of modules"
  bad = 1
}
END { exit bad }
