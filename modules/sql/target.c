/* target.c - what rows are written to: a table and its columns. */
#include "sql/sql.h"

static bool copy_names(const char *const *names, uint32_t count, char ***out) {
  *out = calloc(count + 1, sizeof **out);
  for (uint32_t i = 0; *out && i < count; i++)
    if (!((*out)[i] = strdup(names[i]))) return false;
  return *out != NULL;
}

int sql_target_copy(SqlTarget *out, const SystemTarget *target, char quote, TableError *error) {
  Bytes name = {0};
  *out = (SqlTarget){.mode = target->mode, .column_count = target->column_count, .key_count = target->key_count};
  if (!copy_names(target->columns, target->column_count, &out->columns) || !copy_names(target->keys, target->key_count, &out->keys)) return SQL_NO_MEMORY(error);
  if (sql_name_parse(target->into, quote, &out->table, error) < 0) return -1;
  sql_put_names(&name, &out->table, quote);
  out->name = (char *)sql_text(&name);
  if (out->name) return 0;
  bytes_free(&name);
  return SQL_NO_MEMORY(error);
}

static void free_names(char **names, uint32_t count) {
  for (uint32_t i = 0; names && i < count; i++) free(names[i]);
  free(names);
}

void sql_target_free(SqlTarget *target) {
  free_names(target->columns, target->column_count);
  free_names(target->keys, target->key_count);
  sql_name_free(&target->table);
  free(target->name);
}

bool sql_target_has_key(const SqlTarget *target, uint32_t column, int (*compare)(const char *a, const char *b)) {
  for (uint32_t i = 0; i < target->key_count; i++)
    if (compare(target->keys[i], target->columns[column]) == 0) return true;
  return false;
}

int sql_target_exists(const SqlTarget *target, TableError *error) {
  MODULE_HINT(error, "@mode = 'append' adds to it, 'replace' replaces its rows, 'upsert' those with the same key, 'ignore' leaves it as it is");
  return MODULE_FAIL(error, "the table %s exists already", target->name);
}

int sql_target_misses(const SqlTarget *target, const char *name, const char *const *there, uint32_t count, TableError *error) {
  const char *near = there ? sql_nearest(name, there, count) : NULL;
  if (near) MODULE_HINT(error, "did you mean \"%s\"? SELECT \"%s\" AS \"%s\" renames it", near, name, near);
  else MODULE_HINT(error, "SELECT only columns that the table has, or add it: ALTER TABLE … ADD COLUMN by EXEC");
  return MODULE_FAIL(error, "the table %s has no column \"%s\"", target->name, name);
}

int sql_target_schema(const SqlTarget *target, struct ArrowSchema *out, TableError *error) {
  if (sql_schema(out, target->column_count) < 0) return SQL_NO_MEMORY(error);
  for (uint32_t i = 0; i < target->column_count; i++) {
    if (sql_schema_field(out, i, target->columns[i], "n") == 0) continue;
    out->release(out);
    return SQL_NO_MEMORY(error);
  }
  return 0;
}
