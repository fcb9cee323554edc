/* library_print.c - what the library defines, from its COMMENTs and the examples above its definitions. */
#include "cli/library_print.h"

static Str text_of(Position pos) { return str_make(pos.source->text + pos.offset, pos.length); }

static void put_param(Buf *out, const Param *param) {
  buf_printf(out, "    @%.*s", STR_ARG(param->name.text));
  if (param->value) buf_printf(out, " = %.*s", STR_ARG(text_of(param->value->pos)));
  buf_printf(out, "%s: %.*s\n", param->value ? "" : " (needed)", STR_ARG(param->comment));
}

static void put_definition(Buf *out, LibraryKind kind, const Definition *definition, Arena *arena) {
  Str example, result;
  buf_str(out, definition->name.text);
  if (kind == LIBRARY_FUNCTION) {
    buf_char(out, '(');
    for (size_t i = 0; i < definition->param_count; i++) buf_printf(out, "%s%.*s", i ? ", " : "", STR_ARG(definition->params[i].name.text));
    buf_char(out, ')');
  }
  buf_printf(out, "\n    %.*s\n", STR_ARG(definition->comment));
  for (size_t i = 0; i < definition->param_count; i++)
    if (definition->params[i].comment.len) put_param(out, &definition->params[i]);
  if (!library_example(definition, arena, &example, &result)) return;
  buf_printf(out, "    %.*s%s%.*s\n", STR_ARG(example), result.len ? " gives " : "", STR_ARG(result));
}

static size_t put_file(Buf *out, LibraryKind kind, const char *name, Library *library, uint32_t file, Arena *arena) {
  size_t found = 0;
  for (size_t i = 0; i < library_entry_count; i++) {
    const LibraryEntry *entry = &library_entries[i];
    if (entry->file != file || entry->kind != kind || (name && strcmp(entry->name, name) != 0)) continue;
    const Definition *definition = library_find(library, kind, str_of(entry->name));
    Str title = library_title(&library_files[file]);
    if (!name && !found) buf_printf(out, "%s# %s: %.*s\n\n", out->len ? "\n" : "", library_files[file].name, STR_ARG(title));
    if (definition) put_definition(out, kind, definition, arena);
    found++;
  }
  return found;
}

size_t library_print(LibraryKind kind, const char *name, Buf *out) {
  int number = 1;
  size_t found = 0;
  Arena arena = {0};
  Library *library = library_new(&number);
  for (uint32_t file = 0; file < library_file_count; file++) found += put_file(out, kind, name, library, file, &arena);
  library_free(library);
  arena_free(&arena);
  return found;
}
