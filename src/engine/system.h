/* system.h - systems that hold rows and are no files (PostgreSQL, MySQL, SQLite, ODBC, Kafka), read and written by modules.
 *
 * system_adapter.c: parameters, opening a module, logging in; system_load.c: CREATE; system_reader.c: reading;
 * system_jdbc.c: JDBC's URLs; system_sink.c: COPY; system_end.c: the end of the script; system_execute.c: EXEC.
 */
#ifndef ENGINE_SYSTEM_H
#define ENGINE_SYSTEM_H

#include "engine/typed_format.h"
#include "value/system_module.h"

struct SystemFormat {
  Module *module; /* exports a SystemModule */
  bool messages;  /* rows are messages: whole records may become their values */
};

typedef enum MessageFormat { MESSAGE_AUTO, MESSAGE_JSON, MESSAGE_CSV } MessageFormat;

extern const Format postgres_format, mysql_format, sqlite_format, odbc_format, kafka_format, jdbc_format;

/* The parameters of an adapter, evaluated. */
typedef struct SystemOptions {
  TypedOptions typed; /* @types, and what goes to the module; the first member, as typed_writer.c knows no other */
  const SystemFormat *format;
  SystemMode mode;
  Position mode_pos;
  const char **keys;  /* @key */
  uint32_t key_count;
  MessageFormat message; /* @format of messages */
  bool parts;          /* two ? of a query are the numbers of a part (system_jdbc.c) */
  const char *unknown; /* properties of a URL that nobody knows; NULL: none */
} SystemOptions;

/* A module that has logged in. */
typedef struct SystemLink {
  SystemHost host; /* the first member: the module gives it back */
  Engine *engine;
  const SystemModule *module;
  System *system;
} SystemLink;
DcCode system_connect(Engine *engine, const SystemOptions *options, SystemLink **out, DcError *err) DC_MUST_CHECK;
void system_close(SystemLink *link); /* NULL is fine */

/* What CREATE has found; a LoadPlan's own. The plan's files are its partitions. */
typedef struct SystemSource {
  uint32_t refs; /* of the thread of the script */
  SystemLink *link;
  SystemPlan *plan;          /* NULL: a plan for each partition */
  SystemPlan **parts;
  uint32_t part_count;
  struct ArrowSchema schema; /* all columns of the plan, as a struct */
} SystemSource;
SystemSource *system_source_ref(SystemSource *source);
void system_source_unref(SystemSource *source); /* NULL is fine */

/* The query of one part of a jdbcColumnar; *out NULL: it has no ?, and there is one part. */
DcCode system_part_query(Arena *arena, const char *query, uint32_t part, uint32_t parts, const char **out, DcError *err) DC_MUST_CHECK;

/* --- Writing: all outputs of a COPY go into one table, one after another --- */

/* Logs in; copy->sink is made. */
DcCode system_sink_open(Copy *copy, Str into, DcError *err) DC_MUST_CHECK;
/* Where a system's rows are messages: puts records that are none into their values (message.c). May replace the dataset. */
DcCode system_messages(Copy *copy, Dataset **dataset, DcError *err) DC_MUST_CHECK;
/* A layout's columns are known: asks the target for their types. Those of all layouts have to be the same. */
DcCode system_sink_look(Copy *copy, const Layout *layout, DcError *err) DC_MUST_CHECK;
/* The type of a column that the target, or another layout, has decided; NULL: none. */
const struct ArrowSchema *system_sink_type(const SystemSink *sink, uint32_t column);
/* The target is there and is to be left as it is. */
DcCode system_sink_skip(Copy *copy, bool *skip, DcError *err) DC_MUST_CHECK;
/* The types of the rows are known; those of the first layout count for all. */
DcCode system_sink_decide(Copy *copy, const struct ArrowSchema *record, DcError *err) DC_MUST_CHECK;
/* Rows of some node come from where they are going to. */
bool system_sink_is_read(const Copy *copy, const Dataset *node);
/* Takes the array over. bytes: for the statistics. */
DcCode system_sink_write(Copy *copy, struct ArrowArray *array, uint64_t bytes, DcError *err) DC_MUST_CHECK;
DcCode system_sink_commit(Copy *copy, DcError *err) DC_MUST_CHECK;
void system_sink_free(SystemSink *sink); /* nothing remains of what is not committed; NULL is fine */

/* --- What waits for the end of the script (engine_complete) --- */

/* The source's plan is to be acknowledged, if its module does that. */
void system_keep_source(Engine *engine, SystemSource *source);
/* A LIMIT has ended above the node: sources that it reads as they come are not read to their end. */
void system_cut(const Dataset *node);
/* A writer that waits for finish; takes both over. */
void system_keep_writer(Engine *engine, SystemLink *link, SystemWriter *writer, const char *name);
/* Gives the target those of its module. */
void system_ends(Engine *engine, const SystemModule *module, Arena *arena, SystemTarget *target);
/* Forgets all of them: nothing is acknowledged, nothing of what waits remains. */
void system_ends_free(Engine *engine);

DcCode system_reader_open(Dataset *node, const ReadSpec *spec, Reader **out, DcError *err);
extern const SourceOps system_source;

#endif
