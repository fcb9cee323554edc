/* stmt_show.c - EXPLAIN, DESCRIBE, SHOW: what a session knows, on standard output. */
#include <errno.h>

#include "base/secret.h"
#include "base/utf8.h"
#include "io/standard.h"
#include "run/session_internal.h"
#include "run/table.h"

/* At once: COPY … INTO '-' writes past stdio. */
DcCode session_emit(Session *session, Buf *text, DcError *err) {
  bool standard = session->out == stdout;
  secret_mask(text, 0);
  if (standard) (void)!standard_write(text->data, text->len, err);
  else if (fwrite(text->data, 1, text->len, session->out) < text->len || fflush(session->out) != 0) dc_fail_errno(err, errno, "cannot write the output");
  buf_free(text);
  return err->code;
}

static void explain_list(const ChosenList *list, const char *head, Buf *out) {
  for (size_t i = 0; i < list->count; i++) {
    buf_printf(out, "%s\"%.*s\"\n", head, STR_ARG(list->items[i].name));
    dataset_explain(list->items[i].dataset, out);
  }
}

static DcCode explain_outputs(Session *session, const Stmt *stmt, Buf *out, DcError *err) {
  Outputs outputs = {0};
  DcCode code;
  if (stmt->kind == STMT_CREATE) code = create_build(session, stmt, &outputs, err);
  else if (stmt->kind == STMT_ALTER) code = alter_build(session, stmt, &outputs, err);
  else code = select_build(session, stmt->as.select, &outputs, err);
  if (code == DC_OK) explain_list(&outputs.list, "", out);
  outputs_free(&outputs);
  return code;
}

static DcCode explain_inputs(Session *session, const Stmt *stmt, Buf *out, DcError *err) {
  ChosenList list = {0};
  DcCode code;
  if (stmt->kind == STMT_COPY) code = copy_build(session, stmt, &list, err);
  else if (stmt->kind == STMT_SPLIT) code = session_scope(session, &stmt->as.split.from, &list, NULL, err);
  else code = session_scope(session, &stmt->as.expect.from, &list, NULL, err);
  char head[32];
  snprintf(head, sizeof head, "%s ", stmt_kind_name(stmt->kind));
  if (code == DC_OK) explain_list(&list, head, out);
  chosen_free(&list);
  return code;
}

static DcCode explain_values(Session *session, const Stmt *stmt, Buf *out, DcError *err) {
  Dataset *dataset;
  DC_TRY(select_one(session, stmt->as.let_select.select, &dataset, err));
  buf_printf(out, "LET $%.*s\n", STR_ARG(stmt->as.let_select.name.text));
  dataset_explain(dataset, out);
  dataset_unref(dataset);
  return DC_OK;
}

DcCode run_explain(Session *session, const Stmt *stmt, DcError *err) {
  const Stmt *what = stmt->as.explain;
  Buf out = {0};
  DcCode code = DC_OK;
  if (what->kind == STMT_CREATE || what->kind == STMT_ALTER || what->kind == STMT_SELECT) {
    code = explain_outputs(session, what, &out, err);
  } else if (what->kind == STMT_COPY || what->kind == STMT_SPLIT || what->kind == STMT_EXPECT) {
    code = explain_inputs(session, what, &out, err);
  } else if (what->kind == STMT_LET_SELECT) {
    code = explain_values(session, what, &out, err);
  } else { /* no plan: the tree says what there is to say */
    Stmt *statements[] = {stmt->as.explain};
    ast_print(&out, &(Block){statements, 1});
  }
  if (code == DC_OK) return session_emit(session, &out, err);
  buf_free(&out);
  return code;
}

/* One name a line; types, where they are known, behind the longest name. */
static void describe_columns(const Dataset *dataset, Buf *out) {
  size_t width = 0;
  Buf type = {0};
  for (size_t i = 0; i < dataset_columns(dataset); i++) {
    size_t letters = utf8_length(dataset_column(dataset, i));
    if (letters > width) width = letters;
  }
  for (size_t i = 0; i < dataset_columns(dataset); i++) {
    Str name = dataset_column(dataset, i);
    type.len = 0;
    buf_printf(out, "  %.*s", STR_ARG(name));
    if (dataset_column_type(dataset, i, &type)) buf_printf(out, "%*s  %.*s", (int)(width - utf8_length(name)), "", (int)type.len, type.data);
    buf_char(out, '\n');
  }
  buf_free(&type);
}

DcCode run_describe(Session *session, const Stmt *stmt, DcError *err) {
  Str name;
  Dataset *dataset;
  uint64_t rows;
  Buf out = {0};
  DC_TRY(session_name(session, &stmt->as.describe, &name, err));
  DC_TRY(session_dataset(session, name, stmt->as.describe.pos, &dataset, err));
  buf_printf(&out, "\"%.*s\" %s, %u partition%s", STR_ARG(name), dataset_type_name(dataset_type(dataset)),
             dataset_partitions(dataset), dataset_partitions(dataset) == 1 ? "" : "s");
  if (dataset_rows(dataset, &rows)) buf_printf(&out, ", %llu row%s", (unsigned long long)rows, rows == 1 ? "" : "s");
  buf_text(&out, dataset_computed(dataset) ? ", computed\n" : ", not computed yet\n");
  describe_columns(dataset, &out);
  dataset_unref(dataset);
  return session_emit(session, &out, err);
}

static DcCode show_datasets(Session *session, Buf *out, DcError *err) {
  static const char *const heads[] = {"name", "type", ">partitions", ">rows", "state"};
  Table table;
  DC_TRY(session_settle(session, (Str){0}, err));
  if (session->metrics_stale) DC_TRY(metrics_refresh(session, err));
  table_start(&table, heads, 5);
  for (uint32_t i = 0; i < session->datasets.names.count; i++) {
    const DatasetEntry *entry = &session->datasets.entries[i];
    uint64_t rows;
    if (entry->removed || datasets_is_hidden(entry->name, (Str){0})) continue;
    table_str(&table, entry->name);
    table_put(&table, "%s", dataset_type_name(entry->type));
    table_put(&table, "%u", entry->partitions);
    if (entry->dataset && dataset_rows(entry->dataset, &rows)) table_put(&table, "%llu", (unsigned long long)rows);
    else table_str(&table, (Str){0});
    table_put(&table, "%s", !entry->dataset ? "given back" : dataset_computed(entry->dataset) ? "computed" : "plan");
  }
  table_print(&table, out);
  return DC_OK;
}

static void put_own(Table *table, const Definition *own, const char *from) {
  Buf name = {0};
  buf_printf(&name, "%.*s(", STR_ARG(own->name.text));
  for (size_t k = 0; k < own->param_count; k++) buf_printf(&name, "%s%.*s", k ? ", " : "", STR_ARG(own->params[k].name.text));
  buf_char(&name, ')');
  table_str(table, str_make(name.data, name.len));
  table_put(table, "%s", from);
  table_str(table, own->comment);
  buf_free(&name);
}

/* What the library defines and no script does. */
static void put_library(Table *table, const Definitions *own) {
  for (size_t i = 0; own->library && i < library_entry_count; i++) {
    const LibraryEntry *entry = &library_entries[i];
    const Definition *definition = entry->kind == own->kind ? library_find(own->library, own->kind, str_of(entry->name)) : NULL;
    if (definition && definitions_get(own, str_of(entry->name)) == definition) put_own(table, definition, library_files[entry->file].name);
  }
}

static void show_functions(const Session *session, Buf *out) {
  static const char *const heads[] = {"function", "package", "what it does"};
  Table table;
  size_t count;
  const Package *const *packages = catalog_packages(&count);
  table_start(&table, heads, 3);
  for (size_t i = 0; i < count; i++)
    for (size_t k = 0; k < packages[i]->function_count; k++) {
      const Function *function = &packages[i]->functions[k];
      table_put(&table, "%s(%s)", function->name, function->signature ? function->signature : "");
      table_put(&table, "%s", packages[i]->name);
      table_put(&table, "%s", function->doc ? function->doc : "");
    }
  for (uint32_t i = 0; i < session->functions.names.count; i++) {
    const Definition *own = definitions_get(&session->functions, session->functions.names.names[i]);
    if (own && own != library_find(session->functions.library, LIBRARY_FUNCTION, own->name.text)) put_own(&table, own, "(own)");
  }
  put_library(&table, &session->functions);
  table_print(&table, out);
}

static void show_adapters(Buf *out) {
  static const char *const heads[] = {"adapter", "use", "what it is"};
  Table table;
  table_start(&table, heads, 3);
  for (size_t i = 0; i < adapter_count(); i++) {
    const Adapter *row = adapter_at(i);
    table_put(&table, "%s", row->name);
    table_put(&table, "%s", row->reads && row->writes ? "read, write" : row->reads ? "read" : "write");
    table_put(&table, "%s", row->doc);
  }
  table_print(&table, out);
}

static void show_options(const Session *session, Buf *out) {
  static const char *const heads[] = {"option", "value", "from", "what it does"};
  static const char *const ranks[] = {"default", "environment", "script", "command line"};
  Table table;
  size_t count;
  const OptionRow *rows = option_rows(&count);
  table_start(&table, heads, 4);
  for (size_t i = 0; i < count; i++) {
    if (rows[i].hidden) continue;
    table_put(&table, "%s", rows[i].name);
    table_str(&table, settings_get(session->settings, str_of(rows[i].name)));
    table_put(&table, "%s", ranks[session->settings->ranks[i]]);
    table_put(&table, "%s", rows[i].doc);
  }
  table_print(&table, out);
}

DcCode run_show(Session *session, const Stmt *stmt, DcError *err) {
  Buf out = {0};
  switch (stmt->as.show) {
    case SHOW_DATASETS: DC_TRY(show_datasets(session, &out, err)); break;
    case SHOW_FUNCTIONS: show_functions(session, &out); break;
    case SHOW_TRANSFORMS: show_transforms(session, &out); break;
    case SHOW_ADAPTERS: show_adapters(&out); break;
    case SHOW_OPTIONS: show_options(session, &out); break;
  }
  return session_emit(session, &out, err);
}
