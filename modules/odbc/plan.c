/* plan.c - what is read: columns, and the ranges of a key that are partitions. */
#include <strings.h>

#include "odbc/odbc.h"

typedef struct Planning {
  SystemPlan *plan;
  Link *link;
  const SystemQuery *query; /* lent by a caller who waits */
  bool hold;                /* the statement stays open for the first reader */
} Planning;

/* --- Columns --- */

/* Columns of a statement that is prepared, or if the driver knows them only then, has been run. */
static int describe(Planning *planning, SQLHSTMT statement, TableError *error) {
  SystemPlan *plan = planning->plan;
  TableError first = {.text = ""};
  if (odbc_describe(planning->link, statement, &plan->columns, &plan->count, &first) == 0 && plan->count) return 0;
  odbc_columns_free(plan->columns, plan->count);
  if (odbc_execute(planning->link, statement, error) != 0) return -1;
  planning->hold = true;
  if (odbc_describe(planning->link, statement, &plan->columns, &plan->count, error) != 0) return -1;
  if (plan->count) return 0;
  MODULE_HINT(error, "a statement that gives none is run by EXEC odbc(…) '…'");
  return MODULE_FAIL(error, "the statement gives no rows");
}

static int choose_columns(Planning *planning, TableError *error) {
  SystemPlan *plan = planning->plan;
  const SystemQuery *query = planning->query;
  SqlFields *fields = &plan->fields;
  fields->chosen_count = query->column_count ? query->column_count : plan->count;
  fields->chosen = calloc((size_t)fields->chosen_count + 1, sizeof *fields->chosen);
  fields->all = calloc((size_t)plan->count + 1, sizeof *fields->all);
  if (!fields->chosen || !fields->all) return SQL_NO_MEMORY(error);
  for (; fields->count < plan->count; fields->count++)
    fields->all[fields->count] = (SqlField){plan->columns[fields->count].name, plan->columns[fields->count].format};
  for (uint32_t i = 0; i < fields->chosen_count; i++) {
    fields->chosen[i] = query->column_count ? odbc_column_find(plan->columns, plan->count, query->columns[i]) : i;
    if (fields->chosen[i] == plan->count) return odbc_column_missing(plan->columns, plan->count, query->columns[i], error);
  }
  return 0;
}

/* A table that is not there: with the nearest name of those that are. */
static void explain_missing(Planning *planning, TableError *error) {
  bool found = false;
  char *near = NULL;
  TableError other = {.text = ""};
  if (odbc_find_table(planning->link, planning->query->from, &found, &near, &other) == 0 && !found) {
    *error = (TableError){.text = ""};
    MODULE_FAIL(error, "there is no table '%s'", planning->query->from);
    if (near) MODULE_HINT(error, "did you mean '%s'?", near);
  }
  free(near);
}

static int hold(Planning *planning, SQLHSTMT *statement) {
  planning->plan->held = planning->link;
  planning->plan->held_statement = *statement;
  *statement = NULL;
  return 0;
}

static int find_columns(Planning *planning, TableError *error) {
  SystemPlan *plan = planning->plan;
  Bytes text = {0};
  SQLHSTMT statement = NULL;
  if (!plan->query) sql_put(&text, "SELECT * FROM ");
  sql_put(&text, plan->from);
  int status = sql_text(&text) ? odbc_statement(planning->link, &statement, error) : SQL_NO_MEMORY(error);
  if (status == 0) status = odbc_prepare(planning->link, statement, (char *)text.data, error);
  if (status == 0) status = describe(planning, statement, error);
  if (status == 0 && planning->hold && sql_can_nest(plan->from)) planning->hold = false; /* may be run again */
  if (status == 0 && planning->hold && plan->query) status = hold(planning, &statement);
  odbc_statement_free(planning->link, &statement);
  if (status != 0 && !plan->query) explain_missing(planning, error);
  bytes_free(&text);
  return status;
}

/* --- Partitions --- */

static int find_key(Planning *planning, TableError *error) {
  enum { USUAL = 4 };
  SystemPlan *plan = planning->plan;
  System *system = plan->system;
  if (!system->key_count || planning->query->partitions == 1) return 0;
  if (system->key_count > 1) {
    MODULE_HINT(error, "@key = 'id'");
    return MODULE_FAIL(error, "@key names several columns; one splits the rows into partitions");
  }
  if (plan->query && !sql_can_nest(plan->from)) return MODULE_FAIL(error, "only a table, or a query that begins with SELECT or WITH, can be split by @key");
  uint32_t found = odbc_column_find(plan->columns, plan->count, system->keys[0]);
  if (found == plan->count) return odbc_column_missing(plan->columns, plan->count, system->keys[0], error);
  Bytes name = {0};
  odbc_put_name(system, &name, plan->columns[found].name);
  plan->key = (char *)sql_text(&name);
  if (!plan->key) return SQL_NO_MEMORY(error);
  return odbc_ranges(planning->link, plan, planning->query->partitions ? planning->query->partitions : USUAL, error);
}

static int plan_job(void *self, TableError *error) {
  Planning *planning = self;
  if (find_columns(planning, error) != 0) return -1;
  if (choose_columns(planning, error) != 0) return -1;
  return find_key(planning, error);
}

/* --- The plan --- */

static int set_from(SystemPlan *plan, const char *from, TableError *error) {
  Bytes text = {0};
  plan->query = sql_is_query(from);
  int status = 0;
  if (plan->query) bytes_put(&text, from, sql_query_length(from));
  else status = odbc_put_table(plan->system, &text, from, error);
  plan->from = (char *)sql_text(&text);
  return status == 0 && !plan->from ? SQL_NO_MEMORY(error) : status;
}

int odbc_plan(System *system, const SystemQuery *query, SystemPlan **out, struct ArrowSchema *schema, uint32_t *partitions, TableError *error) {
  SystemPlan *plan = calloc(1, sizeof *plan);
  Planning *planning = calloc(1, sizeof *planning);
  int status = plan && planning ? 0 : SQL_NO_MEMORY(error);
  if (status == 0) {
    *plan = (SystemPlan){.system = system, .partitions = 1};
    *planning = (Planning){.plan = plan, .query = query};
    status = set_from(plan, query->from, error);
  }
  if (status == 0) status = link_open(system, false, &planning->link, error);
  if (status == 0) {
    status = link_run(planning->link, plan_job, planning, error);
    if (planning->link->lost) return -1; /* the thread still uses all of it */
    if (status != 0) plan->held_statement = NULL;
    if (status != 0) link_close(planning->link);
    else if (!plan->held) link_done(planning->link);
    if (status != 0) plan->held = NULL;
  }
  if (status == 0) status = sql_fields_schema(&plan->fields, schema, error);
  free(planning);
  if (status == 0) {
    *partitions = plan->partitions;
    *out = plan;
  } else if (plan) {
    odbc_free_plan(plan);
  }
  return status;
}

void odbc_free_plan(SystemPlan *plan) {
  link_close(plan->held);
  odbc_columns_free(plan->columns, plan->count);
  for (uint32_t i = 0; i < plan->partitions && plan->ranges; i++) {
    free(plan->ranges[i].from);
    free(plan->ranges[i].to);
  }
  free(plan->ranges);
  sql_fields_free(&plan->fields);
  free(plan->from);
  free(plan->key);
  free(plan);
}
