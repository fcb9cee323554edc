/* columns.c - messages as Arrow arrays. */
#include "kafka.h"
#include "schema.h"

const char *const column_names[MESSAGE_COLUMNS] = {"key", "value", "topic", "partition", "offset", "timestamp", "headers"};

/* One array on its way: a list has its values in `inside`. */
struct ColumnBuilder {
  MessageColumn column;
  Bytes data, offsets, valid; /* valid: a byte for each row */
  int64_t rows, nulls;
  ColumnBuilder *inside;      /* keys and values of headers; NULL: not that column */
};

/* --- Types --- */

static bool headers_type(const char *format, struct ArrowSchema *out) {
  if (!schema_make(out, "+m", column_names[COLUMN_HEADERS], ARROW_FLAG_NULLABLE, 1)) return false;
  struct ArrowSchema *entries = out->children[0];
  bool good = schema_make(entries, "+s", "entries", 0, 2) && schema_make(entries->children[0], "u", "key", 0, 0) &&
              schema_make(entries->children[1], format, "value", ARROW_FLAG_NULLABLE, 0);
  if (!good) schema_release(out);
  return good;
}

static bool column_type(MessageColumn column, bool binary, struct ArrowSchema *out) {
  const char *text = binary ? "z" : "u", *name = column_names[column];
  switch (column) {
    case COLUMN_KEY: case COLUMN_VALUE: return schema_make(out, text, name, ARROW_FLAG_NULLABLE, 0);
    case COLUMN_TOPIC: return schema_make(out, "u", name, 0, 0);
    case COLUMN_PARTITION: return schema_make(out, "i", name, 0, 0);
    case COLUMN_OFFSET: return schema_make(out, "l", name, 0, 0);
    case COLUMN_TIMESTAMP: return schema_make(out, "tsm:UTC", name, ARROW_FLAG_NULLABLE, 0);
    case COLUMN_HEADERS: return headers_type(text, out);
    case MESSAGE_COLUMNS: break;
  }
  return false;
}

int columns_schema(const MessageColumn *columns, size_t count, bool binary, struct ArrowSchema *out, TableError *error) {
  bool good = schema_make(out, "+s", "", 0, count);
  for (size_t i = 0; i < count && good; i++) {
    good = column_type(columns[i], binary, out->children[i]);
    if (!good) schema_release(out);
  }
  return good ? 0 : MODULE_FAIL(error, "no memory left for the columns");
}

/* --- Rows --- */

static void free_builder(ColumnBuilder *builder) {
  bytes_free(&builder->data);
  bytes_free(&builder->offsets);
  bytes_free(&builder->valid);
  for (size_t i = 0; builder->inside && i < 2; i++) free_builder(&builder->inside[i]);
  free(builder->inside);
  builder->inside = NULL;
}

void columns_free(MessageBatch *batch) {
  for (size_t i = 0; i < batch->count; i++) free_builder(&batch->columns[i]);
  free(batch->columns);
  *batch = (MessageBatch){.columns = NULL};
}

int columns_start(MessageBatch *batch, const MessageColumn *columns, size_t count, bool binary, TableError *error) {
  *batch = (MessageBatch){.columns = calloc(count + 1, sizeof *batch->columns), .binary = binary};
  bool good = batch->columns != NULL;
  for (size_t i = 0; i < count && good; i++) {
    ColumnBuilder *builder = &batch->columns[batch->count++];
    builder->column = columns[i];
    if (columns[i] == COLUMN_HEADERS) good = (builder->inside = calloc(2, sizeof *builder->inside)) != NULL;
  }
  if (good) return 0;
  columns_free(batch);
  return MODULE_FAIL(error, "no memory left for messages");
}

static void put_valid(ColumnBuilder *builder, bool valid) {
  uint8_t byte = valid;
  bytes_put(&builder->valid, &byte, 1);
  builder->nulls += !valid;
  builder->rows++;
}

static void put_end(ColumnBuilder *builder, size_t end) {
  int32_t offset = (int32_t)end;
  if (!builder->offsets.len) bytes_zeros(&builder->offsets, sizeof offset);
  bytes_put(&builder->offsets, &offset, sizeof offset);
}

/* NULL: data is NULL. */
static void put_bytes(ColumnBuilder *builder, const void *data, size_t len) {
  if (data) bytes_put(&builder->data, data, len);
  put_end(builder, builder->data.len);
  put_valid(builder, data != NULL);
}

static void put_number(ColumnBuilder *builder, const void *number, size_t size, bool valid) {
  bytes_put(&builder->data, number, size);
  put_valid(builder, valid);
}

/* Is it UTF-8 as Unicode defines it (Table 3-7)? */
static bool is_text(const uint8_t *p, size_t len) {
  const uint8_t *end = p + len;
  while (p < end) {
    uint64_t eight;
    if (end - p >= 8 && (memcpy(&eight, p, 8), !(eight & 0x8080808080808080u))) {
      p += 8;
      continue;
    }
    uint8_t lead = *p++, low = 0x80, high = 0xBF;
    if (lead < 0x80) continue;
    int more = lead >= 0xC2 && lead <= 0xDF ? 1 : lead >= 0xE0 && lead <= 0xEF ? 2 : lead >= 0xF0 && lead <= 0xF4 ? 3 : 0;
    if (!more || end - p < more) return false;
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
    if (*p < low || *p > high) return false;
    for (p++; more > 1; more--, p++)
      if ((*p & 0xC0) != 0x80) return false;
  }
  return true;
}

static int check_text(const MessageBatch *batch, const rd_kafka_message_t *message, const char *topic, const void *data, size_t len,
                      const char *what, TableError *error) {
  if (batch->binary || !data || is_text(data, len)) return 0;
  MODULE_HINT(error, "@binary = TRUE gives keys, values and headers as they are; a VALUE list leaves columns out");
  return MODULE_FAIL(error, "topic '%s', partition %d, offset %lld: the %s is no text in UTF-8", topic, message->partition,
                     (long long)message->offset, what);
}

/* An object has each name once: the last one counts, as in Java's lastHeader. */
static bool comes_again(const rd_kafka_headers_t *headers, size_t i, const char *name) {
  const char *other;
  const void *value;
  size_t len;
  while (rd_kafka_header_get_all(headers, ++i, &other, &value, &len) == RD_KAFKA_RESP_ERR_NO_ERROR)
    if (strcmp(other, name) == 0) return true;
  return false;
}

static int add_headers(const MessageBatch *batch, ColumnBuilder *builder, const rd_kafka_message_t *message, const char *topic, TableError *error) {
  rd_kafka_headers_t *headers;
  ColumnBuilder *names = &builder->inside[0], *values = &builder->inside[1];
  bool there = rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR;
  const char *name;
  const void *value;
  size_t len;
  for (size_t i = 0; there && rd_kafka_header_get_all(headers, i, &name, &value, &len) == RD_KAFKA_RESP_ERR_NO_ERROR; i++) {
    if (comes_again(headers, i, name)) continue;
    if (!is_text((const uint8_t *)name, strlen(name))) name = "?";
    if (check_text(batch, message, topic, value, len, "header", error) < 0) return -1;
    put_bytes(names, name, strlen(name));
    put_bytes(values, value, len);
  }
  put_end(builder, (size_t)names->rows);
  put_valid(builder, there);
  return 0;
}

static int add_to(const MessageBatch *batch, ColumnBuilder *builder, const rd_kafka_message_t *message, const char *topic, TableError *error) {
  rd_kafka_timestamp_type_t kind;
  int64_t number;
  switch (builder->column) {
    case COLUMN_KEY:
      put_bytes(builder, message->key, message->key_len);
      return check_text(batch, message, topic, message->key, message->key_len, "key", error);
    case COLUMN_VALUE:
      put_bytes(builder, message->payload, message->len);
      return check_text(batch, message, topic, message->payload, message->len, "value", error);
    case COLUMN_TOPIC: return put_bytes(builder, topic, strlen(topic)), 0;
    case COLUMN_PARTITION: return put_number(builder, &message->partition, sizeof message->partition, true), 0;
    case COLUMN_OFFSET: return put_number(builder, &message->offset, sizeof message->offset, true), 0;
    case COLUMN_TIMESTAMP:
      number = rd_kafka_message_timestamp(message, &kind);
      return put_number(builder, &number, sizeof number, kind != RD_KAFKA_TIMESTAMP_NOT_AVAILABLE && number >= 0), 0;
    case COLUMN_HEADERS: return add_headers(batch, builder, message, topic, error);
    case MESSAGE_COLUMNS: break;
  }
  return 0;
}

int columns_add(MessageBatch *batch, const rd_kafka_message_t *message, const char *topic, TableError *error) {
  for (size_t i = 0; i < batch->count; i++)
    if (add_to(batch, &batch->columns[i], message, topic, error) < 0) return -1;
  batch->rows++;
  batch->bytes += message->len + message->key_len + 64;
  return 0;
}

/* --- Arrays --- */

typedef struct ArrayBuffers {
  const void *list[3];
} ArrayBuffers;

static void release_array(struct ArrowArray *array) {
  ArrayBuffers *buffers = array->private_data;
  for (int i = 0; buffers && i < 3; i++) free((void *)(uintptr_t)buffers->list[i]);
  free(buffers);
  for (int64_t i = 0; i < array->n_children; i++) {
    if (array->children[i]->release) array->children[i]->release(array->children[i]);
    free(array->children[i]);
  }
  free(array->children);
  array->release = NULL;
}

static bool make_array(struct ArrowArray *out, int64_t rows, int64_t buffers, size_t children) {
  ArrayBuffers *own = calloc(1, sizeof *own);
  *out = (struct ArrowArray){.length = rows, .n_buffers = buffers, .private_data = own, .release = release_array};
  out->children = calloc(children + 1, sizeof *out->children);
  bool good = own && out->children;
  if (own) out->buffers = own->list;
  for (size_t i = 0; i < children && good; i++) {
    out->children[i] = calloc(1, sizeof **out->children);
    good = out->children[i] != NULL;
    out->n_children += good;
  }
  if (!good) release_array(out);
  return good;
}

/* The marks of rows as bits; NULL where none is NULL, or with *good false. */
static uint8_t *bits_of(const ColumnBuilder *builder, bool *good) {
  if (!builder->nulls) return NULL;
  uint8_t *bits = calloc((size_t)builder->rows / 8 + 1, 1);
  if (!bits) return *good = false, NULL;
  for (int64_t i = 0; i < builder->rows; i++) bits[i / 8] = (uint8_t)(bits[i / 8] | builder->valid.data[i] << i % 8);
  return bits;
}

static const void *move(Bytes *bytes) {
  void *data = bytes->data;
  *bytes = (Bytes){.data = NULL};
  return data;
}

static bool finish_column(ColumnBuilder *builder, struct ArrowArray *out) {
  bool lists = builder->inside != NULL, varied = builder->offsets.data != NULL || lists;
  bool good = !builder->data.failed && !builder->offsets.failed && !builder->valid.failed;
  if (!good || !make_array(out, builder->rows, lists ? 2 : varied ? 3 : 2, lists)) return false;
  ArrayBuffers *buffers = out->private_data;
  out->null_count = builder->nulls;
  buffers->list[0] = bits_of(builder, &good);
  if (lists) {
    struct ArrowArray *entries = out->children[0];
    good = good && make_array(entries, builder->inside[0].rows, 1, 2);
    for (int i = 0; i < 2 && good; i++) good = finish_column(&builder->inside[i], entries->children[i]);
  }
  if (varied) buffers->list[1] = move(&builder->offsets);
  if (!lists) bytes_reserve(&builder->data, 1); /* buffers are never NULL */
  if (!lists) buffers->list[varied ? 2 : 1] = move(&builder->data);
  builder->valid.len = 0;
  builder->rows = builder->nulls = 0;
  if (!good) release_array(out);
  return good;
}

/* A column of no rows has its one offset, too. */
static void first_offset(ColumnBuilder *builder) {
  if (!builder->offsets.len) bytes_zeros(&builder->offsets, sizeof(int32_t));
}

int columns_finish(MessageBatch *batch, struct ArrowArray *out, TableError *error) {
  bool good = make_array(out, batch->rows, 1, batch->count);
  for (size_t i = 0; i < batch->count && good; i++) {
    ColumnBuilder *builder = &batch->columns[i];
    for (int k = 0; builder->inside && k < 2; k++) first_offset(&builder->inside[k]);
    good = finish_column(builder, out->children[i]);
    if (!good) release_array(out);
  }
  batch->rows = 0;
  batch->bytes = 0;
  return good ? 0 : MODULE_FAIL(error, "no memory left for messages");
}
