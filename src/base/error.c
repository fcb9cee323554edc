/* error.c - setting and printing the one error type. */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/secret.h"

static DC_PRINTF(4, 0) DcCode set(DcError *err, DcCode code, Position pos, const char *format, va_list args) {
  if (err->code != DC_OK) return err->code;
  err->code = code;
  err->pos = pos;
  vsnprintf(err->message, sizeof err->message, format, args);
  return code;
}

DcCode dc_fail(DcError *err, const char *format, ...) {
  va_list args;
  va_start(args, format);
  DcCode code = set(err, DC_FAIL, (Position){0}, format, args);
  va_end(args);
  return code;
}

DcCode dc_fail_at(DcError *err, DcCode code, Position pos, const char *format, ...) {
  va_list args;
  va_start(args, format);
  code = set(err, code, pos, format, args);
  va_end(args);
  return code;
}

DcCode dc_fail_errno(DcError *err, int number, const char *format, ...) {
  if (err->code != DC_OK) return err->code;
  va_list args;
  va_start(args, format);
  set(err, DC_FAIL, (Position){0}, format, args);
  va_end(args);
  size_t used = strlen(err->message);
  char text[128];
  const char *reason = text;
#if defined(_GNU_SOURCE) && defined(__GLIBC__)
  reason = strerror_r(number, text, sizeof text);
#else
  if (strerror_r(number, text, sizeof text) != 0) snprintf(text, sizeof text, "error %d", number);
#endif
  snprintf(err->message + used, sizeof err->message - used, ": %s", reason);
  return err->code;
}

void dc_hint(DcError *err, const char *format, ...) {
  if (err->hint[0]) return;
  va_list args;
  va_start(args, format);
  vsnprintf(err->hint, sizeof err->hint, format, args);
  va_end(args);
}

void dc_record(DcError *err, const char *format, ...) {
  if (err->record[0]) return;
  va_list args;
  va_start(args, format);
  vsnprintf(err->record, sizeof err->record, format, args);
  va_end(args);
}

DcCode dc_position(DcError *err, Position pos) {
  if (err->code != DC_OK && !err->pos.source) err->pos = pos;
  return err->code;
}

typedef struct Out {
  char *data;
  size_t size, len;
} Out;

static void put(Out *out, const char *data, size_t len) {
  for (size_t i = 0; i < len; i++, out->len++)
    if (out->len + 1 < out->size) out->data[out->len] = data[i];
}

static void put_text(Out *out, const char *text) { put(out, text, strlen(text)); }

/* The source line, its secrets masked, with a caret line below it; tabs are kept so that the caret stands right. */
static void put_caret(Out *out, Position pos) {
  const char *text = pos.source->text;
  size_t start = pos.offset < pos.source->len ? pos.offset : pos.source->len, end = start;
  while (start > 0 && text[start - 1] != '\n') start--;
  while (end < pos.source->len && text[end] != '\n') end++;
  Buf line = {0};
  size_t from = pos.offset - start, to = from + pos.length;
  buf_str(&line, str_make(text + start, end - start));
  secret_mask_place(&line, &from, &to);
  char head[32];
  int width = snprintf(head, sizeof head, "%5u | ", pos.line);
  put(out, head, (size_t)width);
  put(out, line.data, line.len);
  put_text(out, "\n");
  for (int i = 0; i < width - 2; i++) put_text(out, " ");
  put_text(out, "| ");
  for (size_t i = 0; i < from && i < line.len; i++) {
    if (((unsigned char)line.data[i] & 0xC0) == 0x80) continue; /* one column for a whole UTF-8 sequence */
    put(out, line.data[i] == '\t' ? "\t" : " ", 1);
  }
  put_text(out, "^");
  for (size_t i = from + 1; i < to && i < line.len; i++)
    if (((unsigned char)line.data[i] & 0xC0) != 0x80) put_text(out, "~");
  put_text(out, "\n");
  buf_free(&line);
}

size_t dc_error_format(const DcError *err, const char *level, char *buffer, size_t size) {
  Out out = {buffer, size, 0};
  char head[64];
  if (err->pos.source) {
    put_text(&out, err->pos.source->name);
    put(&out, head, (size_t)snprintf(head, sizeof head, ":%u:%u: ", err->pos.line, err->pos.column));
  } else {
    put_text(&out, "dcetl: ");
  }
  put_text(&out, level);
  put_text(&out, ": ");
  put_text(&out, err->message);
  put_text(&out, "\n");
  if (err->pos.source && err->pos.line) put_caret(&out, err->pos);
  if (err->record[0]) {
    put_text(&out, "  ");
    put_text(&out, err->record);
    put_text(&out, "\n");
  }
  if (err->hint[0]) {
    put_text(&out, "  hint: ");
    put_text(&out, err->hint);
    put_text(&out, "\n");
  }
  if (size) buffer[out.len < size ? out.len : size - 1] = 0;
  return out.len;
}
