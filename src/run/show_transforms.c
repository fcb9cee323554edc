/* show_transforms.c - SHOW TRANSFORMS: what ALTER and CALL can do by name: built in, of the library, own. */
#include "engine/transform_builtin.h"
#include "run/session_internal.h"
#include "run/table.h"

static void put_name(Table *table, const Definition *definition) {
  Buf name = {0};
  buf_str(&name, definition->name.text);
  for (size_t i = 0; i < definition->param_count; i++)
    buf_printf(&name, "%s@%.*s", i ? ", " : "(", STR_ARG(definition->params[i].name.text));
  if (definition->param_count) buf_char(&name, ')');
  table_str(table, str_make(name.data, name.len));
  buf_free(&name);
}

static void put_transform(Table *table, const Definition *definition, const char *origin) {
  Buf types = {0};
  for (size_t i = 0; i < definition->from_count; i++) buf_printf(&types, "%s%.*s", i ? ", " : "", STR_ARG(definition->from_types[i]));
  put_name(table, definition);
  table_str(table, str_make(types.data, types.len));
  table_str(table, definition->into_type);
  table_put(table, "ALTER, CALL");
  table_put(table, "%s", origin);
  table_str(table, definition->comment);
  buf_free(&types);
}

/* A procedure that reads an input or makes an output; any other only does something, and is left out. */
static void put_operation(Table *table, const Definition *definition, const char *origin) {
  Buf inputs = {0}, outputs = {0};
  procedure_slots(definition, &inputs, &outputs);
  if (inputs.len || outputs.len) {
    put_name(table, definition);
    table_str(table, str_make(inputs.data, inputs.len));
    table_str(table, str_make(outputs.data, outputs.len));
    table_put(table, "%s", procedure_alters(definition) ? "ALTER, CALL" : "CALL");
    table_put(table, "%s", origin);
    table_str(table, definition->comment);
  }
  buf_free(&inputs);
  buf_free(&outputs);
}

typedef void (*PutRow)(Table *table, const Definition *definition, const char *origin);

static void put_all(Table *table, const Definitions *definitions, PutRow put) {
  for (uint32_t i = 0; i < definitions->names.count; i++) {
    const struct DefinitionEntry *entry = &definitions->entries[i];
    if (entry->now || entry->ahead) put(table, entry->now ? entry->now : entry->ahead, "own");
  }
  for (size_t i = 0; definitions->library && i < library_entry_count; i++) {
    const LibraryEntry *entry = &library_entries[i];
    const Definition *definition = entry->kind == definitions->kind ? library_find(definitions->library, entry->kind, str_of(entry->name)) : NULL;
    if (definition && definitions_get(definitions, str_of(entry->name)) == definition) put(table, definition, library_files[entry->file].name);
  }
}

void show_transforms(const Session *session, Buf *out) {
  static const char *const heads[] = {"name", "from", "to", "use", "defined", "what it does"};
  Table table;
  size_t count;
  const TransformRow *rows = transform_rows(&count);
  table_start(&table, heads, 6);
  for (size_t i = 0; i < count; i++) {
    table_put(&table, "%s", rows[i].name);
    table_put(&table, "%s", rows[i].from);
    table_put(&table, "%s", rows[i].to);
    table_put(&table, "%s", rows[i].in_alter && rows[i].in_call ? "ALTER, CALL" : rows[i].in_alter ? "ALTER" : "CALL");
    table_put(&table, "built in");
    table_put(&table, "%s", rows[i].doc);
  }
  put_all(&table, &session->transforms, put_transform);
  put_all(&table, &session->procedures, put_operation);
  table_print(&table, out);
}
