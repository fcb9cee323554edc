/* error.h - the one error type, positions in scripts, and result codes.
 *
 * Every function that can fail returns DcCode and takes a DcError that the caller owns. The error is set where the
 * cause is known; the first one wins, callers may add context (position, record), never replace the message.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include "base/str.h"

typedef enum DcCode {
  DC_OK = 0,
  DC_FAIL,        /* the run failed, or RAISE ERROR: exit status 1 */
  DC_USAGE,       /* wrong command line: 2 */
  DC_CHECK,       /* syntax or static check: 3 */
  DC_INTERRUPTED, /* SIGINT, SIGTERM: 130, 143 */
} DcCode;

#define DC_MUST_CHECK __attribute__((warn_unused_result))
#define DC_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

/* A script text. It outlives everything parsed from it. */
typedef struct Source {
  const char *name; /* path as the user gave it, "-" or "-e" */
  const char *text; /* NUL after text[len] */
  size_t len;
  uint32_t first_line; /* the number of its first line; 0 is 1 */
} Source;

/* A place in a script. source is NULL when there is none. line and column count from 1; column and length in bytes. */
typedef struct Position {
  const Source *source;
  uint32_t line, column, length;
  uint32_t offset; /* of the first byte in source->text */
} Position;

typedef struct DcError {
  DcCode code; /* DC_OK: not set */
  bool stop;   /* RAISE ERROR, endless recursion: not the fault of a record that could be skipped */
  Position pos;
  char message[1024];
  char hint[384];   /* the way out: "did you mean …", "use @ragged = 'null'" */
  char record[640]; /* the data position: record, file, line, attribute */
} DcError;

/* Set err to DC_FAIL with a message, unless it is set already. Returns the code in err. err may not be NULL. */
DcCode dc_fail(DcError *err, const char *format, ...) DC_PRINTF(2, 3);
/* The same with a code and a position. */
DcCode dc_fail_at(DcError *err, DcCode code, Position pos, const char *format, ...) DC_PRINTF(4, 5);
/* Like dc_fail, with ": " and the text of the errno value at the end. */
DcCode dc_fail_errno(DcError *err, int number, const char *format, ...) DC_PRINTF(3, 4);
/* Set the hint or the record position if none is set yet. */
void dc_hint(DcError *err, const char *format, ...) DC_PRINTF(2, 3);
void dc_record(DcError *err, const char *format, ...) DC_PRINTF(2, 3);
/* Give err a script position if it has none. Returns err->code. */
DcCode dc_position(DcError *err, Position pos);
static inline void dc_error_clear(DcError *err) { memset(err, 0, sizeof *err); }

/* Passes a failure up. The only macro that hides control flow. */
#define DC_TRY(expression)                \
  do {                                    \
    DcCode dc_code_ = (expression);       \
    if (dc_code_ != DC_OK) return dc_code_; \
  } while (0)

/* The text of an error as the user sees it: "file:line:col: error: …", source line, caret, hint, record.
   level is "error" or "warning". Writes at most size bytes with a NUL; returns the length it would need. */
size_t dc_error_format(const DcError *err, const char *level, char *out, size_t size);

#endif
