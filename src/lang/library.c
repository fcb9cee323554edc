/* library.c - finds and parses what stdlib/ defines. */
#include "lang/library.h"

#include <assert.h>

#include "lang/parse_internal.h"

struct Library {
  int *next_number;
  Source *sources; /* by file */
  Unit **units;    /* by file; NULL: not parsed yet */
};

Library *library_new(int *next_number) {
  Library *library = dc_alloc(sizeof *library);
  library->next_number = next_number;
  return library;
}

void library_free(Library *library) {
  if (!library) return;
  for (size_t i = 0; library->units && i < library_file_count; i++) unit_free(library->units[i]);
  dc_free(library->units);
  dc_free(library->sources);
  dc_free(library);
}

/* Library texts call each other by this prefix: see parse_library. */
static Str plain_name(Str name) {
  Str prefix = str_of(LIBRARY_PREFIX);
  return str_starts(name, prefix) ? str_make(name.data + prefix.len, name.len - prefix.len) : name;
}

/* The first entry that is not before name. */
static size_t lower_bound(Str name) {
  size_t from = 0, to = library_entry_count;
  while (from < to) {
    size_t middle = from + (to - from) / 2;
    if (str_compare(str_of(library_entries[middle].name), name) < 0) from = middle + 1;
    else to = middle;
  }
  return from;
}

static const LibraryEntry *find_entry(LibraryKind kind, Str name) {
  for (size_t i = lower_bound(name); i < library_entry_count && str_is(name, library_entries[i].name); i++)
    if (library_entries[i].kind == kind) return &library_entries[i];
  return NULL;
}

bool library_has(LibraryKind kind, Str name) { return find_entry(kind, plain_name(name)) != NULL; }

static const Unit *read_file(Library *library, uint32_t file) {
  if (!library->units) {
    library->units = dc_alloc(library_file_count * sizeof(Unit *));
    library->sources = dc_alloc(library_file_count * sizeof *library->sources);
  }
  if (!library->units[file]) {
    Diagnostics diag = {0};
    library->sources[file] = (Source){library_files[file].name, library_files[file].text, strlen(library_files[file].text), 1};
    DcCode code = parse_library(&library->sources[file], library->next_number, &library->units[file], &diag);
    assert(code == DC_OK); /* tests/unit/test_library.c parses all of it */
    (void)code;
    diagnostics_free(&diag);
  }
  return library->units[file];
}

static LibraryKind kind_of(StmtKind kind) {
  return kind == STMT_FUNCTION ? LIBRARY_FUNCTION : kind == STMT_PROCEDURE ? LIBRARY_PROCEDURE : LIBRARY_TRANSFORM;
}

const Definition *library_find(Library *library, LibraryKind kind, Str name) {
  Str plain = plain_name(name);
  const LibraryEntry *entry = library ? find_entry(kind, plain) : NULL;
  if (!entry) return NULL;
  const Block *body = &read_file(library, entry->file)->body;
  for (size_t i = 0; i < body->count; i++) {
    const Stmt *stmt = body->stmts[i];
    bool defines = stmt->kind == STMT_FUNCTION || stmt->kind == STMT_PROCEDURE || stmt->kind == STMT_TRANSFORM;
    if (defines && kind_of(stmt->kind) == kind && str_eq(stmt->as.definition->name.text, plain)) return stmt->as.definition;
  }
  return NULL;
}

void library_spell(LibraryKind kind, Speller *speller) {
  for (size_t i = 0; i < library_entry_count; i++)
    if (library_entries[i].kind == kind) speller_try(speller, str_of(library_entries[i].name));
}

/* --- Documentation --- */

static Str line_at(const char *text, size_t from) {
  const char *end = strchr(text + from, '\n');
  return str_make(text + from, end ? (size_t)(end - text) - from : strlen(text + from));
}

static size_t line_start(const char *text, size_t at) {
  while (at > 0 && text[at - 1] != '\n') at--;
  return at;
}

/* The comment line that starts the example above the line at `at`; false: there is none. */
static bool example_start(const char *text, size_t at, size_t *start) {
  while (at > 0) {
    at = line_start(text, at - 1);
    Str line = line_at(text, at);
    if (!str_starts(line, str_of("--"))) return false;
    *start = at;
    if (str_starts(line, str_of("-- example: "))) return true;
  }
  return false;
}

bool library_example(const Definition *definition, Arena *arena, Str *example, Str *result) {
  static const char gives[] = " gives ";
  Position pos = definition->name.pos;
  size_t at, end = line_start(pos.source->text, pos.offset);
  *example = *result = (Str){0};
  if (!example_start(pos.source->text, end, &at)) return false;
  Buf text = {0};
  for (size_t skip = strlen("-- example: "); at < end; skip = strlen("--   ")) { /* lines after the first go on with it */
    Str line = line_at(pos.source->text, at);
    if (text.len) buf_char(&text, ' ');
    if (line.len > skip) buf_str(&text, str_make(line.data + skip, line.len - skip));
    at += line.len + 1;
  }
  Str all = arena_str(arena, str_make(text.data, text.len));
  buf_free(&text);
  *example = all;
  for (size_t i = all.len; i-- > 0;) {
    if (!str_starts(str_make(all.data + i, all.len - i), str_of(gives))) continue;
    *example = str_make(all.data, i);
    *result = str_make(all.data + i + strlen(gives), all.len - i - strlen(gives));
    break;
  }
  return true;
}

Str library_title(const LibraryFile *file) {
  Str line = line_at(file->text, 0);
  for (size_t i = 0; i + 3 <= line.len; i++)
    if (memcmp(line.data + i, " - ", 3) == 0) return str_make(line.data + i + 3, line.len - i - 3);
  return line;
}
