/* log.h - what the user reads on standard error: messages with a level, errors, and the progress line.
 *
 * One Log per program, made by cli and shared by all threads (it locks). Texts are copied at once; a Log owns nothing
 * of its callers. Data never goes through here.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <pthread.h>
#include <stdio.h>

#include "base/error.h"
#include "base/mem.h"

typedef enum LogLevel { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_NOTICE, LOG_LEVEL_WARNING, LOG_LEVEL_ERROR } LogLevel;

typedef struct Log {
  FILE *out;
  bool json;      /* one JSON object a line in place of text */
  LogLevel level; /* messages below it are dropped */
  pthread_mutex_t lock;
  size_t status_len; /* > 0: a progress line stands at the bottom and is wiped before anything else is written */
} Log;

void log_init(Log *log, FILE *out);
void log_deinit(Log *log); /* wipes the progress line */

/* The name of a level in messages: "debug", "info", … */
const char *log_level_name(LogLevel level);
/* The level of a name in any case ("warn" is "warning", "log" is "info"); false: no such level. */
bool log_level_parse(Str name, LogLevel *out);

/* "level: text", or with a position "file:line:col: level: text" and the source line. */
void log_text(Log *log, LogLevel level, Position pos, Str text);
void log_printf(Log *log, LogLevel level, Position pos, const char *format, ...) DC_PRINTF(4, 5);
/* An error or warning with everything it carries. */
void log_error(Log *log, LogLevel level, const DcError *err);

/* Draws the progress line, or wipes it when text is empty. */
void log_status(Log *log, Str text);

/* Appends text as a JSON string with its quotes. */
void json_put(Buf *out, Str text);

#endif
