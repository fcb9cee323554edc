/* fields.c - the columns of what is read, those of them that a plan has, and ranges of one that are partitions. */
#include "sql/sql.h"

int sql_fields_find(const SqlFields *fields, const char *name, uint32_t *out, TableError *error) {
  uint32_t i = 0;
  const char **names = malloc((fields->count + 1) * sizeof *names);
  if (!names) return SQL_NO_MEMORY(error);
  for (; i < fields->count && strcmp(fields->all[i].name, name) != 0; i++) names[i] = fields->all[i].name;
  if (i == fields->count) {
    const char *near = sql_nearest(name, names, fields->count);
    MODULE_FAIL(error, "there is no column \"%s\"", name);
    if (near) MODULE_HINT(error, "did you mean \"%s\"?", near);
  }
  free(names);
  *out = i;
  return i < fields->count ? 0 : -1;
}

int sql_fields_choose(SqlFields *fields, const SystemQuery *query, TableError *error) {
  fields->chosen_count = query->column_count ? query->column_count : fields->count;
  fields->chosen = calloc(fields->chosen_count + 1, sizeof *fields->chosen);
  if (!fields->chosen) return SQL_NO_MEMORY(error);
  for (uint32_t i = 0; i < fields->chosen_count; i++) {
    fields->chosen[i] = i;
    if (query->column_count && sql_fields_find(fields, query->columns[i], &fields->chosen[i], error) < 0) return -1;
  }
  return 0;
}

int sql_fields_schema(const SqlFields *fields, struct ArrowSchema *out, TableError *error) {
  if (sql_schema(out, fields->chosen_count) < 0) return SQL_NO_MEMORY(error);
  for (uint32_t i = 0; i < fields->chosen_count; i++) {
    const SqlField *field = &fields->all[fields->chosen[i]];
    if (sql_schema_field(out, i, field->name, field->format) == 0) continue;
    out->release(out);
    return SQL_NO_MEMORY(error);
  }
  return 0;
}

void sql_fields_free(SqlFields *fields) {
  free(fields->all);
  free(fields->chosen);
}

int sql_range(Bytes *key, char *const *bounds, uint32_t count, uint32_t partition, char **out, TableError *error) {
  Bytes where = {0};
  const char *k = sql_text(key);
  if (!k) where.failed = true;
  else if (partition > count) sql_put(&where, "FALSE");
  else if (partition == 0 && count) sql_putf(&where, "%s < %s OR %s IS NULL", k, bounds[0], k);
  else if (partition == 0) sql_put(&where, "TRUE");
  else if (partition == count) sql_putf(&where, "%s >= %s", k, bounds[partition - 1]);
  else sql_putf(&where, "%s >= %s AND %s < %s", k, bounds[partition - 1], k, bounds[partition]);
  bytes_free(key);
  *out = (char *)sql_text(&where);
  if (*out) return 0;
  bytes_free(&where);
  return SQL_NO_MEMORY(error);
}

int sql_shared_make(SqlShared *shared, int (*make)(SystemPlan *plan, TableError *error), SystemPlan *plan, TableError *error) {
  if (!shared->made && !shared->failed) {
    shared->failed = make(plan, &shared->error) < 0;
    shared->made = !shared->failed;
  }
  if (shared->failed) *error = shared->error;
  return shared->failed ? -1 : 0;
}
