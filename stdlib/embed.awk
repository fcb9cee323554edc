# embed.awk - makes the C tables of src/lang/library.h from the texts of the library, in the order they are given.
#   awk -f stdlib/embed.awk stdlib/*.tdl >library_data.c
# A definition is indexed when its first line starts with CREATE FUNCTION, CREATE PROCEDURE or CREATE TRANSFORM.
function close_file() { if (files) printf "  },\n" }
BEGIN {
  print "/* Made from stdlib/ by stdlib/embed.awk. */"
  print "#include \"lang/library.h\""
  print ""
  print "const LibraryFile library_files[] = {"
}
FNR == 1 { close_file(); files++; printf "  {\"%s\",\n", FILENAME }
/^CREATE (FUNCTION|PROCEDURE|TRANSFORM) / {
  name = $3
  sub(/\(.*/, "", name)
  names[++count] = name
  kinds[count] = $2
  owners[count] = files - 1
}
{
  gsub(/\\/, "&&")
  gsub(/["?]/, "\\\\&") # \? is no trigraph
  printf "   \"%s\\n\"\n", $0
}
END {
  close_file()
  print "};"
  printf "const size_t library_file_count = %d;\n\n", files
  for (i = 2; i <= count; i++) { # by name
    for (j = i; j > 1 && names[j - 1] "" > names[j] ""; j--) {
      name = names[j]; names[j] = names[j - 1]; names[j - 1] = name
      kind = kinds[j]; kinds[j] = kinds[j - 1]; kinds[j - 1] = kind
      owner = owners[j]; owners[j] = owners[j - 1]; owners[j - 1] = owner
    }
  }
  print "const LibraryEntry library_entries[] = {"
  for (i = 1; i <= count; i++) printf "  {\"%s\", LIBRARY_%s, %d},\n", names[i], kinds[i], owners[i]
  print "};"
  printf "const size_t library_entry_count = %d;\n", count
}
