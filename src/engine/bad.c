/* bad.c - the policy for bad records. */
#include "engine/bad.h"

#include <errno.h>
#include <unistd.h>

#include "io/text_scan.h"

static void put_json_text(Buf *out, const char *text, size_t len) {
  buf_char(out, '"');
  for (size_t i = 0; i < len; i++) {
    unsigned char c = (unsigned char)text[i];
    if (c == '"' || c == '\\') buf_printf(out, "\\%c", c);
    else if (c < 0x20) buf_printf(out, "\\u%04x", c);
    else buf_char(out, (char)c);
  }
  buf_char(out, '"');
}

/* One line of JSON; O_APPEND keeps the lines of several workers apart. */
static DcCode capture(Engine *engine, const char *place, const char *message, Str text, DcError *err) {
  Buf line = {0};
  buf_text(&line, "{\"record\":");
  put_json_text(&line, place, strlen(place));
  buf_text(&line, ",\"error\":");
  put_json_text(&line, message, strlen(message));
  if (text.data) {
    buf_text(&line, ",\"text\":");
    put_json_text(&line, text.data, text_row_trim(text.data, text.len));
  }
  buf_text(&line, "}\n");
  ssize_t put = write(engine->bad_fd, line.data, line.len);
  int number = put < 0 ? errno : ENOSPC;
  bool whole = put == (ssize_t)line.len;
  buf_free(&line);
  return whole ? DC_OK : dc_fail_errno(err, number, "cannot write \"%s\"", engine->options.bad_records_path);
}

static bool too_many(Engine *engine) {
  const EngineOptions *options = &engine->options;
  unsigned long long bad = atomic_fetch_add(&engine->bad_total, 1) + 1;
  unsigned long long seen = atomic_load(&engine->rows_seen);
  bool share = options->max_bad_share > 0 && seen > 10000 && (double)bad > options->max_bad_share * (double)seen;
  return bad > options->max_bad_records || share;
}

DcCode bad_record(Engine *engine, uint64_t origin, Str text, Str attribute, DcError *err) {
  char place[512] = "";
  BadRecords policy = engine->options.bad_records;
  bool many = policy != BAD_FAIL && !err->stop && too_many(engine);
  bool fails = policy == BAD_FAIL || many || err->stop;
  if (policy == BAD_CAPTURE || fails) engine_describe_origin(engine, origin, place, sizeof place);
  if (fails) {
    if (attribute.len) dc_record(err, "record %s, attribute \"%.*s\"", place, STR_ARG(attribute));
    else dc_record(err, "record %s", place);
    if (many) dc_hint(err, "there are more bad records than OPTIONS @max_bad_records allows");
    else if (!err->stop) dc_hint(err, "OPTIONS @bad_records = 'null', 'skip' or 'capture' goes on without such records");
    return err->code;
  }
  if (policy == BAD_CAPTURE) {
    DcError failed = {0};
    if (capture(engine, place, err->message, text, &failed) != DC_OK) {
      *err = failed;
      return err->code;
    }
  }
  atomic_fetch_add(&engine->bad_records, 1);
  dc_error_clear(err);
  return DC_OK;
}
