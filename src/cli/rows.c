/* rows.c - one function for each kind of rows: from the tables of lower folders, and the library, to Row. */
#include "cli/rows.h"

#include "engine/transform_builtin.h"
#include "lang/library.h"
#include "lang/statements.h"

typedef struct Walk {
  void (*visit)(void *self, const Row *row);
  void *self;
  Arena arena; /* for one row */
} Walk;

static void give(Walk *walk, const Row *row) {
  walk->visit(walk->self, row);
  arena_reset(&walk->arena);
}

/* --- Functions and operators. --- */

static void give_operator(Walk *walk, const Package *package, const Operator *row) {
  const char *left = row->fixity == FIX_PREFIX ? "" : "x ", *right = row->fixity == FIX_POSTFIX ? "" : " y";
  bool is_choice = strcmp(row->name, "?:") == 0, is_between = str_ends(str_of(row->name), str_of("BETWEEN"));
  if (row->fixity == FIX_PREFIX) right = " x";
  if (is_between) right = " y AND z";
  if (is_choice) right = " y : z";
  Str head = arena_printf(&walk->arena, "%s%s%s", left, is_choice ? "?" : row->name, right);
  give(walk, &(Row){.group = str_of(package->name), .group_doc = str_of(package->doc), .name = str_of(row->name),
                    .aliases = str_of(row->aliases), .head = head, .doc = str_of(row->doc), .example = str_of(row->example),
                    .result = str_of(row->result), .is_operator = true, .priority = row->priority});
}

static void give_function(Walk *walk, const Package *package, const Function *row) {
  Str head = arena_printf(&walk->arena, "%s(%s)", row->name, row->signature ? row->signature : "");
  give(walk, &(Row){.group = str_of(package->name), .group_doc = str_of(package->doc), .name = str_of(row->name),
                    .head = head, .doc = str_of(row->doc), .example = str_of(row->example), .result = str_of(row->result)});
}

/* --- The library written in TDL: from its COMMENTs and the examples above its definitions. --- */

static Str text_of(Position pos) { return str_make(pos.source->text + pos.offset, pos.length); }

static void give_definition(Walk *walk, LibraryKind kind, const LibraryFile *file, const Definition *definition) {
  Row row = {.group = str_of(file->name), .group_doc = library_title(file), .name = definition->name.text,
             .doc = definition->comment, .in_library = true};
  RowParam *params = arena_alloc(&walk->arena, (definition->param_count + 1) * sizeof *params);
  Buf head = {0};
  buf_str(&head, row.name);
  for (size_t i = 0; i < definition->param_count && kind == LIBRARY_FUNCTION; i++)
    buf_printf(&head, "%s%.*s", i ? ", " : "(", STR_ARG(definition->params[i].name.text));
  if (kind == LIBRARY_FUNCTION) buf_text(&head, definition->param_count ? ")" : "()");
  for (size_t i = 0; i < definition->param_count; i++) {
    const Param *param = &definition->params[i];
    if (!param->comment.len) continue;
    Str value = param->value ? text_of(param->value->pos) : (Str){0};
    params[row.param_count++] = (RowParam){param->name.text, value, param->comment, !param->value};
  }
  row.params = params;
  row.head = str_make(head.data, head.len);
  if (!library_example(definition, &walk->arena, &row.example, &row.result)) row.example = row.result = (Str){0};
  give(walk, &row);
  buf_free(&head);
}

static void walk_library(Walk *walk, LibraryKind kind) {
  int number = 1;
  Library *library = library_new(&number);
  for (uint32_t file = 0; file < library_file_count; file++)
    for (size_t i = 0; i < library_entry_count; i++) {
      const LibraryEntry *entry = &library_entries[i];
      if (entry->file != file || entry->kind != kind) continue;
      const Definition *definition = library_find(library, kind, str_of(entry->name));
      if (definition) give_definition(walk, kind, &library_files[file], definition);
    }
  library_free(library);
}

static void walk_functions(Walk *walk) {
  size_t count;
  const Package *const *packages = catalog_packages(&count);
  for (size_t i = 0; i < count; i++) {
    const Package *package = packages[i];
    for (size_t k = 0; k < package->operator_count; k++) give_operator(walk, package, &package->operators[k]);
    for (size_t k = 0; k < package->function_count; k++) give_function(walk, package, &package->functions[k]);
  }
  walk_library(walk, LIBRARY_FUNCTION);
}

/* --- The others. --- */

static void walk_statements(Walk *walk) {
  size_t count;
  const StatementRow *rows = statement_rows(&count);
  for (size_t i = 0; i < count; i++)
    give(walk, &(Row){.group = str_of(rows[i].group), .name = str_of(rows[i].name), .head = str_of(rows[i].syntax),
                      .doc = str_of(rows[i].doc), .example = str_of(rows[i].example)});
}

/* A row that has parameters and no group. open: the beginning of parameters that go on with a column; NULL: none. */
static void give_with_params(Walk *walk, Row row, const Parameter *params, size_t count, const char *open) {
  RowParam *copies = arena_alloc(&walk->arena, (count + 1) * sizeof *copies);
  for (size_t i = 0; i < count; i++)
    copies[i] = (RowParam){.name = str_of(params[i].name), .default_text = str_of(params[i].default_text),
                           .doc = str_of(params[i].doc), .mandatory = params[i].need == MANDATORY};
  if (open)
    copies[count] = (RowParam){.name = arena_printf(&walk->arena, "%s<name>", open),
                               .doc = str_of("for each name of the VALUE list")};
  row.head = row.name;
  row.params = copies;
  row.param_count = count + (open != NULL);
  give(walk, &row);
}

static bool has_param(const Adapter *adapter, const char *name) {
  for (size_t i = 0; i < adapter->param_count; i++)
    if (!strcmp(adapter->params[i].name, name)) return true;
  return false;
}

/* Parameters of paths elsewhere are the same for all adapters of files, and told once. */
static void give_remote(Walk *walk) {
  size_t count;
  const Parameter *params = adapter_remote(adapter_at(0), &count);
  Row row = {.name = str_of("remote"), .use = str_of("parameters of all adapters of files"),
             .doc = str_of("Paths s3://bucket/…, gs://…, az://container/…, webhdfs://host:port/… are read and written, http(s)://… is read, by every adapter of files."),
             .example = str_of("LOAD \"t\" csv(@profile = 'etl', @region = 'eu-central-1') FROM 's3://bucket/2024/*.csv.gz';")};
  give_with_params(walk, row, params, count, NULL);
}

/* Its own parameters and those that it shares with others. */
static void walk_adapters(Walk *walk) {
  for (size_t i = 0; i < adapter_count(); i++) {
    const Adapter *adapter = adapter_at(i);
    size_t shared, count = adapter->param_count;
    const Parameter *common = adapter_shared(adapter, &shared);
    Parameter *params = arena_alloc(&walk->arena, (count + shared + 1) * sizeof *params);
    if (count) memcpy(params, adapter->params, count * sizeof *params);
    for (size_t k = 0; k < shared; k++) /* a format may read a shared one in its own way */
      if (!has_param(adapter, common[k].name)) params[count++] = common[k];
    const char *use = adapter->reads && adapter->writes ? "reads and writes" : adapter->reads ? "reads" : "writes";
    Row row = {.name = str_of(adapter->name), .doc = str_of(adapter->doc), .example = str_of(adapter->example), .use = str_of(use)};
    give_with_params(walk, row, params, count, NULL);
  }
  give_remote(walk);
}

static void walk_transforms(Walk *walk) {
  size_t count;
  const TransformRow *rows = transform_rows(&count);
  for (size_t i = 0; i < count; i++) {
    const char *use = rows[i].in_alter && rows[i].in_call ? "ALTER and CALL" : rows[i].in_alter ? "ALTER" : "CALL";
    Row row = {.name = str_of(rows[i].name), .doc = str_of(rows[i].doc), .example = str_of(rows[i].example)};
    row.use = arena_printf(&walk->arena, "%s to %s, in %s", rows[i].from, rows[i].to, use);
    give_with_params(walk, row, rows[i].params, rows[i].param_count, rows[i].open_params);
  }
  walk_library(walk, LIBRARY_TRANSFORM);
}

static void walk_operations(Walk *walk) { walk_library(walk, LIBRARY_PROCEDURE); }

static const struct {
  const char *what;
  void (*walk)(Walk *walk);
} kinds[ROW_KINDS] = {
  [ROWS_FUNCTIONS] = {"function or operator", walk_functions}, [ROWS_STATEMENTS] = {"statement", walk_statements},
  [ROWS_ADAPTERS] = {"adapter", walk_adapters}, [ROWS_TRANSFORMS] = {"transform", walk_transforms},
  [ROWS_OPERATIONS] = {"operation", walk_operations},
};

const char *rows_what(RowKind kind) { return kinds[kind].what; }

void rows_each(RowKind kind, void (*visit)(void *self, const Row *row), void *self) {
  Walk walk = {.visit = visit, .self = self};
  kinds[kind].walk(&walk);
  arena_free(&walk.arena);
}

bool row_is_named(const Row *row, Str name, bool nocase) {
  nocase |= row->is_operator;
  if (nocase ? str_eq_nocase(row->name, name) : str_eq(row->name, name)) return true;
  for (size_t at = 0; at < row->aliases.len;) {
    size_t end = at;
    while (end < row->aliases.len && row->aliases.data[end] != ' ') end++;
    if (str_eq_nocase(str_make(row->aliases.data + at, end - at), name)) return true;
    at = end + 1;
  }
  return false;
}
