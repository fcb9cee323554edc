/* log.c - messages on standard error, as text or as JSON lines. */
#include "base/log.h"

#include <stdarg.h>

#include "base/secret.h"

static const char *const level_names[] = {"debug", "info", "notice", "warning", "error"};

void log_init(Log *log, FILE *out) {
  memset(log, 0, sizeof *log);
  log->out = out;
  log->level = LOG_LEVEL_INFO;
  pthread_mutex_init(&log->lock, NULL);
}

static void wipe_status(Log *log) {
  if (!log->status_len) return;
  fputs("\r\033[K", log->out);
  log->status_len = 0;
}

void log_deinit(Log *log) {
  wipe_status(log);
  fflush(log->out);
  pthread_mutex_destroy(&log->lock);
}

const char *log_level_name(LogLevel level) { return level_names[level]; }

bool log_level_parse(Str name, LogLevel *out) {
  for (int i = LOG_LEVEL_DEBUG; i <= LOG_LEVEL_ERROR; i++)
    if (str_eq_nocase(name, str_of(level_names[i]))) {
      *out = (LogLevel)i;
      return true;
    }
  if (str_eq_nocase(name, str_of("warn"))) *out = LOG_LEVEL_WARNING;
  else if (str_eq_nocase(name, str_of("log"))) *out = LOG_LEVEL_INFO;
  else return false;
  return true;
}

void json_put(Buf *out, Str text) {
  buf_char(out, '"');
  for (size_t i = 0; i < text.len; i++) {
    unsigned char c = (unsigned char)text.data[i];
    if (c == '"' || c == '\\') {
      buf_char(out, '\\');
      buf_char(out, (char)c);
    } else if (c == '\n') {
      buf_text(out, "\\n");
    } else if (c == '\t') {
      buf_text(out, "\\t");
    } else if (c < 0x20) {
      buf_printf(out, "\\u%04x", c);
    } else {
      buf_char(out, (char)c);
    }
  }
  buf_char(out, '"');
}

/* Secrets are masked before the text is escaped, behind which they look otherwise. */
static void put_masked(Buf *out, Str text) {
  Buf masked = {0};
  buf_str(&masked, text);
  secret_mask(&masked, 0);
  json_put(out, str_make(masked.data, masked.len));
  buf_free(&masked);
}

static void json_field(Buf *out, const char *name, Str text) {
  if (!text.len) return;
  buf_printf(out, ",\"%s\":", name);
  put_masked(out, text);
}

static void print_json(Buf *out, LogLevel level, const DcError *err, Str message) {
  buf_printf(out, "{\"level\":\"%s\",\"message\":", level_names[level]);
  put_masked(out, message);
  if (err->pos.source) {
    json_field(out, "file", str_of(err->pos.source->name));
    buf_printf(out, ",\"line\":%u,\"column\":%u", err->pos.line, err->pos.column);
  }
  json_field(out, "record", str_of(err->record));
  json_field(out, "hint", str_of(err->hint));
  buf_text(out, "}\n");
}

static void print_text(Buf *out, LogLevel level, const DcError *err, Str message) {
  if (!err->pos.source && !err->message[0]) { /* a plain message: no program name before it */
    buf_printf(out, "%s: ", level_names[level]);
    buf_str(out, message);
    buf_char(out, '\n');
    return;
  }
  size_t need = dc_error_format(err, level_names[level], NULL, 0);
  buf_reserve(out, need + 1);
  out->len += dc_error_format(err, level_names[level], out->data + out->len, need + 1);
}

static void write_out(Log *log, LogLevel level, const DcError *err, Str message) {
  if (level < log->level) return;
  Buf buf = {0};
  if (log->json) print_json(&buf, level, err, message);
  else print_text(&buf, level, err, message);
  if (!log->json) secret_mask(&buf, 0);
  pthread_mutex_lock(&log->lock);
  wipe_status(log);
  fwrite(buf.data, 1, buf.len, log->out);
  fflush(log->out);
  pthread_mutex_unlock(&log->lock);
  buf_free(&buf);
}

void log_text(Log *log, LogLevel level, Position pos, Str text) {
  if (level < log->level) return;
  DcError err = {.pos = pos};
  if (pos.source) snprintf(err.message, sizeof err.message, "%.*s", STR_ARG(text));
  write_out(log, level, &err, text);
}

void log_printf(Log *log, LogLevel level, Position pos, const char *format, ...) {
  if (level < log->level) return;
  char text[1024];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  log_text(log, level, pos, str_of(text));
}

void log_error(Log *log, LogLevel level, const DcError *err) { write_out(log, level, err, str_of(err->message)); }

void log_status(Log *log, Str text) {
  pthread_mutex_lock(&log->lock);
  if (text.len) {
    fputs("\r\033[K", log->out);
    fwrite(text.data, 1, text.len, log->out);
    log->status_len = text.len;
  } else {
    wipe_status(log);
  }
  fflush(log->out);
  pthread_mutex_unlock(&log->lock);
}
