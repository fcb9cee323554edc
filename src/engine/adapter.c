/* adapter.c - the rows of all adapters, and reading the parameters that they share. */
#include "engine/adapter.h"

#include <ctype.h>

#include "base/secret.h"
#include "engine/adapter_params.h"
#include "engine/fixed_adapter.h"
#include "engine/json_adapter.h"
#include "engine/sheet_adapter.h"
#include "engine/system.h"
#include "engine/text_adapter.h"
#include "engine/typed_format.h"
#include "engine/xml_adapter.h"

#define COUNT(params) sizeof params / sizeof *params

/* Of all adapters that read or write files. */
#define HIVE_PARAM {"hive", TYPE_BOOL, NULL, OPTIONAL, "folders called name=value give attributes; without it they do where all files lie in such folders (reading)"}
static const Parameter read_params[] = {
    {"codec", TYPE_STRING, NULL, OPTIONAL, "none, gzip, zstd, bzip2, xz, lz4, snappy, sz; without it the file's suffix or its first bytes decide"},
    HIVE_PARAM,
};
static const Parameter write_params[] = {
    {"codec", TYPE_STRING, NULL, OPTIONAL, "none, gzip, zstd, bzip2, xz, lz4, snappy, sz (writing); reading goes by the file's suffix or its first bytes without it"},
    {"level", TYPE_INT, NULL, OPTIONAL, "of compression: gzip 1 to 12, zstd 1 to 22, bzip2 1 to 9, xz 0 to 9, lz4 1 to 12 (writing)"},
    {"mode", TYPE_STRING, "error", OPTIONAL, "what an existing target means: error, overwrite, append, ignore (writing)"},
    {"single", TYPE_BOOL, "FALSE", OPTIONAL, "one file for each dataset (writing)"},
    {"fsync", TYPE_BOOL, "FALSE", OPTIONAL, "outputs are on the disk, safe from a power cut, when the statement ends (writing)"},
    {"success", TYPE_BOOL, "FALSE", OPTIONAL, "an empty file _SUCCESS in each dataset's folder, the last to appear (writing)"},
    {"manifest", TYPE_STRING, "FALSE", OPTIONAL, "TRUE, 'sha256' or 'xxh128': _manifest.json in each dataset's folder lists files with rows, bytes, checksums (writing)"},
    {"partition_by", TYPE_ARRAY, NULL, OPTIONAL, "attributes that become folders year=2024/month=02, one file in each; @mode goes for each folder (writing)"},
    {"write_partition_columns", TYPE_BOOL, "FALSE", OPTIONAL, "the attributes of @partition_by stay in the files as well (writing)"},
    HIVE_PARAM,
};
/* Of paths elsewhere, of all adapters that read or write files. */
static const Parameter remote_params[] = {
    {"access_key", TYPE_STRING, NULL, OPTIONAL, "s3, gs, az: the id of the key, or the account; '' is nobody in particular. Without it the environment, profiles and the machine's own role tell"},
    {"secret_key", TYPE_STRING, NULL, SECRET, "s3, gs, az: the key itself"},
    {"session_token", TYPE_STRING, NULL, SECRET, "s3: of temporary keys"},
    {"token", TYPE_STRING, NULL, SECRET, "gs, az, webhdfs: a bearer token, a shared access signature, a delegation token"},
    {"profile", TYPE_STRING, NULL, OPTIONAL, "s3: the section of ~/.aws/credentials and ~/.aws/config"},
    {"endpoint", TYPE_STRING, NULL, OPTIONAL, "s3, gs, az: 'http://127.0.0.1:9000', a server other than the provider's"},
    {"region", TYPE_STRING, NULL, OPTIONAL, "s3"},
    {"path_style", TYPE_BOOL, NULL, OPTIONAL, "s3: the bucket stands in the path, not in the name of the host; so it is for endpoints"},
    {"user", TYPE_STRING, NULL, OPTIONAL, "http, webhdfs: who asks"},
    {"password", TYPE_STRING, NULL, SECRET, "http, webhdfs"},
    {"headers", TYPE_ARRAY, NULL, SECRET, "http: lines of the request, such as ['Authorization: Bearer …']"},
    {"timeout", TYPE_INT, "60", OPTIONAL, "seconds without any byte after which a request is tried again"},
    {"retries", TYPE_INT, "5", OPTIONAL, "how often, with growing pauses"},
    {"content_type", TYPE_STRING, NULL, OPTIONAL, "of the objects (writing); without it the adapter's own"},
};
static const Parameter columnar_params[] = {
    {"delimiter", TYPE_STRING, NULL, OPTIONAL, "one byte between fields"},
    {"header", TYPE_BOOL, NULL, OPTIONAL, "the first row names the columns"},
    {"schema_from_file", TYPE_BOOL, "FALSE", OPTIONAL, "as header, the name of 5.5 (reading)"},
    {"quote", TYPE_STRING, "\"", OPTIONAL, "one byte, or empty for no quoting"},
    {"escape", TYPE_STRING, NULL, OPTIONAL, "one byte that takes the next byte as it is"},
    {"null", TYPE_STRING, NULL, OPTIONAL, "unquoted text that stands for NULL"},
    {"ragged", TYPE_STRING, "error", OPTIONAL, "rows with too few fields: error, null (reading)"},
    {"extra", TYPE_STRING, NULL, OPTIONAL, "rows with too many fields: error, ignore (reading)"},
    {"comment", TYPE_STRING, NULL, OPTIONAL, "lines that begin with this byte are left out (reading)"},
    {"skip", TYPE_INT, "0", OPTIONAL, "lines to leave out before the header (reading)"},
    {"encoding", TYPE_STRING, "UTF-8", OPTIONAL, "UTF-8 or another name that iconv knows (reading)"},
};
static const Parameter plain_params[] = {
    {"delimiter", TYPE_STRING, NULL, OPTIONAL, "one byte between fields of a Columnar dataset (writing)"},
    {"encoding", TYPE_STRING, "UTF-8", OPTIONAL, "UTF-8 or another name that iconv knows (reading)"},
    {"skip", TYPE_INT, "0", OPTIONAL, "lines to leave out (reading)"},
    {"comment", TYPE_STRING, NULL, OPTIONAL, "lines that begin with this byte are left out (reading)"},
    {"null", TYPE_STRING, NULL, OPTIONAL, "text that stands for NULL (writing)"},
};
static const Parameter json_params[] = {
    {"layout", TYPE_STRING, "auto", OPTIONAL, "how records lie in a file: lines, one array, documents one after another; auto looks at its beginning. Writing: lines or array"},
    {"array", TYPE_STRING, NULL, OPTIONAL, "names of members, with dots between, that lead to the array in a document (reading)"},
    {"paths", TYPE_ARRAY, NULL, OPTIONAL, "a path for each column of the VALUE list; without it the names are the paths (reading)"},
    {"duplicates", TYPE_STRING, "last", OPTIONAL, "a name that occurs twice in an object: the last one counts, or error (reading)"},
    {"encoding", TYPE_STRING, "UTF-8", OPTIONAL, "UTF-8 or another name that iconv knows (reading)"},
    {"null", TYPE_STRING, "null", OPTIONAL, "columns that are NULL: null, or omit them (writing)"},
    {"numbers", TYPE_BOOL, "FALSE", OPTIONAL, "texts that are numbers of JSON are written as numbers (writing)"},
};

static const Parameter sheet_params[] = {
    {"sheet", TYPE_STRING, NULL, OPTIONAL, "its name, or its number from 1; without it the first that is visible"},
    {"header", TYPE_BOOL, "TRUE", OPTIONAL, "the first row names the columns; else they are called A, B, C"},
    {"range", TYPE_STRING, NULL, OPTIONAL, "where the table lies: 'B3:F100', 'B:F', 'B3' (from there on)"},
    {"skip", TYPE_INT, "0", OPTIONAL, "rows of the sheet to leave out before the header"},
};
static const Parameter xml_params[] = {
    {"row", TYPE_STRING, "*/*", OPTIONAL, "the elements that are rows: 'catalog/book', or '//book' at any depth"},
    {"encoding", TYPE_STRING, NULL, OPTIONAL, "in place of the one that a file declares"},
};
#define TYPES {"types", TYPE_NULL, NULL, OPTIONAL, "columns and their types, as 'id int64, day date'; 'auto': what texts look like; where not those of the dataset are meant (writing)"}
static const Parameter parquet_params[] = {
    {"codec", TYPE_STRING, "zstd", OPTIONAL, "none, snappy, gzip, zstd, lz4, brotli (writing)"},
    {"level", TYPE_INT, NULL, OPTIONAL, "of compression (writing)"},
    {"row_group", TYPE_INT, "122880", OPTIONAL, "rows of a row group (writing)"},
    {"dictionary", TYPE_NULL, NULL, OPTIONAL, "TRUE, FALSE or an array of the columns that get a dictionary; without it those whose first values repeat (writing)"},
    {"page_size", TYPE_INT, "1048576", OPTIONAL, "bytes of a page, and of a dictionary (writing)"},
    {"page_index", TYPE_BOOL, "FALSE", OPTIONAL, "write the page index (writing)"},
    {"statistics", TYPE_BOOL, "TRUE", OPTIONAL, "write the bounds of columns (writing)"},
    {"checksum", TYPE_BOOL, "TRUE", OPTIONAL, "write checksums of pages (writing)"},
    {"data_page_version", TYPE_INT, "1", OPTIONAL, "1 or 2 (writing)"},
    {"metadata", TYPE_NULL, NULL, OPTIONAL, "an array of texts 'name=value' for the footer (writing)"},
    {"int96", TYPE_STRING, NULL, OPTIONAL, "what old moments of 96 bits are read as: ns, us; without it ns, or us for a file with years that ns have no room for (reading)"},
    TYPES,
};
static const Parameter orc_params[] = {
    {"codec", TYPE_STRING, "zstd", OPTIONAL, "none, snappy, zlib, zstd, lz4 (writing)"},
    {"stripe_size", TYPE_INT, "67108864", OPTIONAL, "bytes of a stripe (writing)"},
    TYPES,
};
static const Parameter ipc_params[] = {
    {"codec", TYPE_STRING, "none", OPTIONAL, "of the buffers: none, lz4, zstd (writing)"},
    {"level", TYPE_INT, NULL, OPTIONAL, "of compression (writing)"},
    {"row_group", TYPE_INT, "65536", OPTIONAL, "rows of a record batch (writing)"},
    TYPES,
};

static const Parameter fixed_params[] = {
    {"widths", TYPE_ARRAY, NULL, MANDATORY, "of all fields in order: [10, 5, 8]"},
    {"unit", TYPE_STRING, "chars", OPTIONAL, "what widths and record count: chars or bytes"},
    {"record", TYPE_INT, "0", OPTIONAL, "length of records that have no line ends; 0: a record is a line"},
    {"trim", TYPE_STRING, "both", OPTIONAL, "blanks that are no part of a field: both, left, right, none (reading)"},
    {"ragged", TYPE_STRING, "error", OPTIONAL, "lines that end early: error, null (reading)"},
    {"extra", TYPE_STRING, "error", OPTIONAL, "lines that go on behind the last field, other than by blanks: error, ignore (reading)"},
    {"null", TYPE_STRING, NULL, OPTIONAL, "text that stands for NULL; without it NULL is written as blanks"},
    {"comment", TYPE_STRING, NULL, OPTIONAL, "lines that begin with this byte are left out (reading)"},
    {"skip", TYPE_INT, "0", OPTIONAL, "lines to leave out (reading)"},
    {"encoding", TYPE_STRING, "UTF-8", OPTIONAL, "UTF-8 or another name that iconv knows, such as IBM037 (reading)"},
    {"align", TYPE_STRING, "left", OPTIONAL, "where values stand in their fields: left, right, or a list of them (writing)"},
    {"pad", TYPE_STRING, " ", OPTIONAL, "one byte that fills fields up (writing)"},
    {"cut", TYPE_BOOL, "FALSE", OPTIONAL, "cut values that are wider than their field, which are bad records otherwise (writing)"},
};
static const Parameter avro_params[] = {
    {"codec", TYPE_STRING, "deflate", OPTIONAL, "of the blocks: none, deflate, snappy, zstandard, bzip2, xz (writing)"},
    {"level", TYPE_INT, NULL, OPTIONAL, "of compression (writing)"},
    {"block_size", TYPE_INT, "65536", OPTIONAL, "bytes of a block before it is compressed (writing)"},
    {"metadata", TYPE_NULL, NULL, OPTIONAL, "an array of 'name=text' for the head (writing)"},
    TYPES,
};

/* Of databases. */
#define URL(form) {"url", TYPE_STRING, NULL, OPTIONAL, form}
#define LOGIN \
  {"host", TYPE_STRING, NULL, OPTIONAL, "the server, in place of @url"}, \
  {"port", TYPE_INT, NULL, OPTIONAL, "its port"}, \
  {"database", TYPE_STRING, NULL, OPTIONAL, "the database"}
#define USER \
  {"user", TYPE_STRING, NULL, OPTIONAL, "who logs in"}, \
  {"password", TYPE_STRING, NULL, SECRET, "is never shown"}
#define SSLMODE {"sslmode", TYPE_STRING, NULL, OPTIONAL, "disable, prefer, require, verify-ca, verify-full"}
#define TABLES \
  {"key", TYPE_NULL, NULL, OPTIONAL, "a column by whose ranges PARTITION n splits (reading); the columns that make a row one and the same for 'upsert' (writing)"}, \
  {"mode", TYPE_STRING, "error", OPTIONAL, "what an existing table means: error, append, replace (or overwrite) its rows, ignore, upsert by @key (writing)"}, \
  TYPES, \
  {"timeout", TYPE_INT, NULL, OPTIONAL, "seconds to wait for a connection, or for a lock"}, \
  {"options", TYPE_ARRAY, NULL, OPTIONAL, "texts 'name=value' for the client library"}

static const Parameter postgres_params[] = {URL("postgres://user@host:5432/database?sslmode=require"), LOGIN, USER, SSLMODE, TABLES};
static const Parameter mysql_params[] = {URL("mysql:// or mariadb://user@host:3306/database?sslmode=verify-full"), LOGIN, USER, SSLMODE, TABLES};
static const Parameter sqlite_params[] = {URL("the file: 'data.db', or 'sqlite:data.db'"), TABLES};
static const Parameter odbc_params[] = {URL("'odbc:Driver=…;Server=…', or 'odbc:DSN=name'"), USER, TABLES,
    {"batch", TYPE_INT, NULL, OPTIONAL, "rows that go to or come from the driver at a time; by itself as many as fit into some megabytes"}};
static const Parameter jdbc_params[] = {
    {"driver", TYPE_STRING, NULL, OPTIONAL, "the driver's class, which 5.5 needs; without effect here"},
    {"url", TYPE_STRING, NULL, MANDATORY, "jdbc:postgresql://host:5432/database?ssl=true; also jdbc:mysql:, jdbc:mariadb:, jdbc:sqlite:, jdbc:sqlserver:"},
    USER,
    {"odbc", TYPE_STRING, NULL, OPTIONAL, "for other databases: the connection string of an ODBC driver, 'Driver={name};Server=…', in place of @url"},
    {"batch_size", TYPE_INT, "500", OPTIONAL, "rows that go to the server at a time, where it has such a number (writing)"},
};
static const Parameter kafka_params[] = {
    {"brokers", TYPE_STRING, NULL, MANDATORY, "host:port, several with commas"},
    {"group", TYPE_STRING, NULL, OPTIONAL, "whose offsets are stored when the script has succeeded; without it nothing is stored (reading)"},
    {"from", TYPE_NULL, NULL, OPTIONAL,
     "where to begin: 'stored' (with @group the default), 'earliest', 'latest', a time ('2024-05-01T12:00:00Z'), an offset or an array of one for each partition; "
     "-1000: the last 1000 of each (reading)"},
    {"reset", TYPE_STRING, "earliest", OPTIONAL, "where to begin if the group has stored nothing: earliest, latest, error (reading)"},
    {"until", TYPE_STRING, "now", OPTIONAL, "where to end: a time, or what is there at CREATE (reading)"},
    {"count", TYPE_INT, NULL, OPTIONAL, "read so many messages at most, from all partitions alike (reading)"},
    {"wait", TYPE_NULL, "0", OPTIONAL, "seconds to wait at CREATE for @count messages, or for one (reading)"},
    {"commit", TYPE_BOOL, "TRUE", OPTIONAL, "store offsets at the end of the script (reading)"},
    {"key", TYPE_STRING, NULL, OPTIONAL, "the column that becomes the messages' key, if it is not called key (writing)"},
    {"format", TYPE_STRING, "json", OPTIONAL, "what values are made of records that have no column value: json, csv (writing)"},
    {"transaction", TYPE_STRING, NULL, OPTIONAL, "transactional.id: the messages appear at once or not at all (writing)"},
    {"binary", TYPE_BOOL, "FALSE", OPTIONAL, "keys, values and headers are bytes, not text"},
    {"timeout", TYPE_NULL, "60", OPTIONAL, "seconds to wait for brokers before giving up"},
    {"user", TYPE_STRING, NULL, OPTIONAL, "who logs in (sasl.username)"},
    {"password", TYPE_STRING, NULL, SECRET, "is never shown (sasl.password)"},
    {"options", TYPE_ARRAY, NULL, OPTIONAL, "texts 'name=value' for librdkafka: ['security.protocol=SASL_SSL', 'sasl.mechanism=PLAIN']"},
};

#define SYSTEM(own) .reads = true, .writes = true, .params = own, .param_count = COUNT(own)
#define COLUMNAR .reads = true, .writes = true, .params = columnar_params, .param_count = COUNT(columnar_params)
#define PARQUET .params = parquet_params, .param_count = COUNT(parquet_params)
#define ORC .params = orc_params, .param_count = COUNT(orc_params)
#define IPC .params = ipc_params, .param_count = COUNT(ipc_params)
#define JSON .reads = true, .writes = true, .params = json_params, .param_count = COUNT(json_params)
#define AVRO .params = avro_params, .param_count = COUNT(avro_params)
#define PLAIN .reads = true, .writes = true, .params = plain_params, .param_count = COUNT(plain_params)

static const AdapterRow rows[] = {
    {{"csv", "Comma separated text with a header line (RFC 4180).", "CREATE \"flights\" csv(@null = 'NA') FROM 'flights.csv.gz';", COLUMNAR}, &text_format, ".csv"},
    {{"tsv", "Tab separated text with a header line.", "CREATE \"t\" tsv FROM 'data/*.tsv';", COLUMNAR}, &text_format, ".tsv"},
    {{"textColumnar", "Delimited text, tab by default, no header: columns by a VALUE list (name of 5.5).",
      "CREATE t textColumnar(@delimiter = ',') VALUE (id, _, name) FROM 'data.csv';", COLUMNAR}, &text_format, ""},
    {{"text", "Lines of text, opaque (PlainText).", "CREATE \"log\" text FROM 'log/*.txt.zst';", PLAIN}, &text_format, ".txt"},
    {{"hadoopText", "Lines of text; writes Columnar too, tab separated (name of 5.5).", "COPY signals hadoopText() INTO 'out';", PLAIN}, &text_format, ""},
    {{"s3directText", "The same as hadoopText (name of 5.5).", "COPY signals s3directText(@access_key = $key, @secret_key = $secret, @endpoint = 'https://s3.host') INTO 's3://bucket/out';",
      PLAIN}, &text_format, ""},
    {{"s3directColumnar", "Tab separated text with a header line; Parquet where the path ends in .parquet (name of 5.5).",
      "CREATE t s3directColumnar(@delimiter = ',') VALUE (id, name) FROM 's3://bucket/data/*.csv';", .reads = true, .params = columnar_params,
      .param_count = COUNT(columnar_params)}, &text_format, ""},
    {{"s3directParquet", "Parquet files, as parquet (name of 5.5).", "COPY t s3directParquet(@codec = 'snappy') INTO 's3://bucket/out';", .writes = true, PARQUET}, &parquet_format, ""},
    {{"avro", "Avro object container files: typed columns; nested ones hold arrays and objects.", "COPY \"t\" avro(@codec = 'snappy') INTO 'out';", .reads = true,
      .writes = true, AVRO}, &avro_format, ".avro"},
    {{"xlsx", "A sheet of an Excel workbook (.xlsx, .xlsm): numbers, texts, truth values, dates and times as they are formatted.",
      "CREATE \"plan\" xlsx(@sheet = '2024', @range = 'B3:F100') FROM 'plan.xlsx';",
      .reads = true, .params = sheet_params, .param_count = COUNT(sheet_params)}, &sheet_format, ".xlsx"},
    {{"spreadsheet", "The same as xlsx.", "CREATE \"plan\" spreadsheet FROM 'plan.xlsx';",
      .reads = true, .params = sheet_params, .param_count = COUNT(sheet_params)}, &sheet_format, ""},
    {{"xml", "Elements of XML as rows: columns by a VALUE list of paths (\"@id\", \"title\", \"author[2]/name\", \".\"), else Structured.",
      "CREATE \"books\" xml(@row = 'catalog/book') VALUE (\"@id\", \"title\", \"author/name\") FROM 'books.xml';",
      .reads = true, .params = xml_params, .param_count = COUNT(xml_params)}, &xml_format, ".xml"},
    {{"parquet", "Parquet files: typed columns; nested ones hold arrays and objects. Row groups are partitions.",
      "LOAD \"t\" parquet VALUE (id, day) FROM 'data/*.parquet';", .reads = true, .writes = true, PARQUET}, &parquet_format, ".parquet"},
    {{"parquetColumnar", "Parquet files, as parquet (name of 5.5).", "CREATE t parquetColumnar() VALUE (id, day) FROM 'data';", .reads = true}, &parquet_format, ""},
    {{"parquetStructured", "Parquet files, their rows as objects (name of 5.5).", "CREATE t parquetStructured() FROM 'data';", .reads = true}, &parquet_structured_format, ""},
    {{"columnarParquet", "Parquet files, as parquet (name of 5.5).", "COPY t columnarParquet(@codec = 'snappy') INTO 'out';", .writes = true, PARQUET}, &parquet_format, ""},
    {{"orc", "ORC files: typed columns. Stripes are partitions.", "LOAD \"t\" orc FROM 'data/*.orc';", .reads = true, .writes = true, ORC}, &orc_format, ".orc"},
    {{"arrow", "Arrow IPC files (Feather): typed columns. Record batches are partitions.", "COPY \"t\" arrow(@codec = 'lz4') INTO 'out';", .reads = true, .writes = true, IPC}, &ipc_file_format, ".arrow"},
    {{"arrowStream", "Arrow IPC streams, also from standard input and to standard output.", "COPY \"t\" arrowStream INTO '-';", .reads = true, .writes = true, IPC}, &ipc_stream_format, ".arrows"},
    {{"json", "JSON (RFC 8259), a line, an element or a document each record: Structured, or columns by a VALUE list of paths.",
      "CREATE \"people\" json VALUE (id, \"address.city\", \"tags[0]\") FROM 'people.json';", JSON}, &json_format, ".json"},
    {{"fixed", "Text whose fields have fixed widths: columns by a VALUE list, else _1, _2 ….", "CREATE \"t\" fixed(@widths = [10, 5, 8]) VALUE (name, _, amount) FROM 't.txt';",
      .reads = true, .writes = true, .params = fixed_params, .param_count = COUNT(fixed_params)}, &fixed_format, ".txt"},
    {{"postgres", "PostgreSQL: a table, or the rows of a query.", "CREATE \"orders\" postgres(@url = $url, @key = 'id') FROM 'sales.orders' PARTITION 8;", SYSTEM(postgres_params)}, &postgres_format, ""},
    {{"mysql", "MySQL and MariaDB: a table, or the rows of a query.", "CREATE \"jobs\" mysql(@url = $url) FROM 'SELECT id, state FROM jobs WHERE state <> 3';", SYSTEM(mysql_params)}, &mysql_format, ""},
    {{"mariadb", "The same as mysql.", "COPY \"batch\" mariadb(@url = $url, @mode = 'append') INTO 'etl.batch';", SYSTEM(mysql_params)}, &mysql_format, ""},
    {{"sqlite", "SQLite: a table of a file, or the rows of a query.", "COPY \"result\" sqlite(@url = 'out.db', @mode = 'upsert', @key = 'id') INTO 'result';", SYSTEM(sqlite_params)}, &sqlite_format, ""},
    {{"odbc", "Any database with an ODBC driver: a table, or the rows of a query.", "CREATE \"t\" odbc(@url = 'odbc:DSN=erp', @user = 'etl', @password = $secret) FROM 'dbo.Orders';", SYSTEM(odbc_params)}, &odbc_format, ""},
    {{"jdbcColumnar", "A table, or the rows of a query, by the URL of JDBC (name of 5.5). Two ? in the query are the first and the last number of a part; COPY appends.",
      "CREATE w jdbcColumnar(@url = 'jdbc:postgresql://db/etl', @user = 'etl') FROM 'SELECT * FROM weeks WHERE week BETWEEN ? AND ?' PARTITION 52;", SYSTEM(jdbc_params)}, &jdbc_format, ""},
    {{"kafka", "Topics of Kafka, whose partitions are partitions: messages with key, value, topic, partition, offset, timestamp, headers.",
      "CREATE \"m\" kafka(@brokers = 'broker:9092', @group = 'etl') VALUE (key, value) FROM 'clicks';", SYSTEM(kafka_params)}, &kafka_format, ""},
};

size_t adapter_count(void) { return COUNT(rows); }
const Adapter *adapter_at(size_t index) { return &rows[index].adapter; }

const Parameter *adapter_shared(const Adapter *adapter, size_t *count) {
  *count = 0;
  if (((const AdapterRow *)adapter)->format->system) return NULL;
  size_t left_out = adapter->writes && ((const AdapterRow *)adapter)->format->typed ? 2 : 0; /* compressed inside: codec, level */
  *count = (adapter->writes ? COUNT(write_params) : COUNT(read_params)) - left_out;
  return (adapter->writes ? write_params : read_params) + left_out;
}

const Parameter *adapter_remote(const Adapter *adapter, size_t *count) {
  *count = ((const AdapterRow *)adapter)->format->system ? 0 : COUNT(remote_params);
  return remote_params;
}

static DcCode find(Str name, Position pos, const AdapterRow **out, DcError *err) {
  Speller speller = speller_start(name);
  for (size_t i = 0; i < COUNT(rows); i++) {
    *out = &rows[i];
    if (str_is(name, rows[i].adapter.name)) return DC_OK;
    speller_try(&speller, str_of(rows[i].adapter.name));
  }
  dc_fail_at(err, DC_FAIL, pos, "unknown adapter \"%.*s\"", STR_ARG(name));
  Str near = speller_best(&speller);
  if (near.len) dc_hint(err, "did you mean %.*s?", STR_ARG(near));
  else dc_hint(err, "SHOW ADAPTERS lists them");
  return err->code;
}

static bool known(const Parameter *params, size_t count, Str name) {
  for (size_t i = 0; i < count; i++)
    if (str_is(name, params[i].name)) return true;
  return false;
}

static DcCode unknown_parameter(const Adapter *adapter, const ParamValue *param, DcError *err) {
  Speller speller = speller_start(param->name);
  size_t shared;
  const Parameter *params = adapter_shared(adapter, &shared);
  for (size_t i = 0; i < adapter->param_count; i++) speller_try(&speller, str_of(adapter->params[i].name));
  for (size_t i = 0; i < shared; i++) speller_try(&speller, str_of(params[i].name));
  params = adapter_remote(adapter, &shared);
  for (size_t i = 0; i < shared; i++) speller_try(&speller, str_of(params[i].name));
  dc_fail_at(err, DC_FAIL, param->pos, "%s has no parameter @%.*s", adapter->name, STR_ARG(param->name));
  Str near = speller_best(&speller);
  if (near.len) dc_hint(err, "did you mean @%.*s?", STR_ARG(near));
  else dc_hint(err, "dcetl --adapters %s lists them", adapter->name);
  return err->code;
}

/* @partition_by: a name or a list of them. */
static DcCode folder_names(const ParamValue *param, Arena *arena, FileOptions *out, DcError *err) {
  const Array one = {1, &param->value}, *list = param->value.type == TYPE_ARRAY ? param->value.as.array : &one;
  Str *names = arena_alloc(arena, (list->count + 1) * sizeof *names);
  for (size_t i = 0; i < list->count; i++) {
    if (list->items[i].type != TYPE_STRING || !list->items[i].len) return param_wrong(param, "names of attributes, such as [\"year\", \"month\"]", err);
    names[i] = arena_str(arena, value_get_str(list->items[i]));
    for (size_t k = 0; k < i; k++)
      if (str_eq(names[k], names[i])) return param_wrong(param, "each name once", err);
    if (names[i].data[0] == '_' || names[i].data[0] == '.') return param_wrong(param, "names that do not begin with _ or ., as such folders are passed over when they are read", err);
  }
  out->folders = names;
  out->folder_count = list->count;
  out->folders_pos = param->pos;
  return DC_OK;
}

static DcCode apply_manifest(const ParamValue *param, FileOptions *out, DcError *err) {
  static const ParamChoice kinds[] = {{"sha256", CHECKSUM_SHA256}, {"xxh128", CHECKSUM_XXH128}, {"TRUE", CHECKSUM_SHA256}, {"FALSE", CHECKSUM_NONE}, {NULL, 0}};
  int choice = 0;
  if (param->value.type == TYPE_BOOL) choice = value_is_true(param->value) ? CHECKSUM_SHA256 : CHECKSUM_NONE;
  else DC_TRY(param_choose(param, kinds, "TRUE, FALSE, 'sha256' or 'xxh128'", &choice, err));
  out->stage.manifest = (ChecksumKind)choice;
  return DC_OK;
}

static DcCode apply_stage(const ParamValue *param, FileOptions *out, DcError *err) {
  static const ParamChoice modes[] = {{"error", STAGE_ERROR}, {"overwrite", STAGE_OVERWRITE}, {"append", STAGE_APPEND}, {"ignore", STAGE_IGNORE}, {NULL, 0}};
  int choice = 0;
  if (str_is(param->name, "fsync")) return param_truth(param, &out->stage.force, err);
  if (str_is(param->name, "manifest")) return apply_manifest(param, out, err);
  if (str_is(param->name, "success")) {
    out->success_pos = param->pos;
    return param_truth(param, &out->stage.success, err);
  }
  DC_TRY(param_choose(param, modes, "'error', 'overwrite', 'append' or 'ignore'", &choice, err));
  out->stage.mode = (StageMode)choice;
  return DC_OK;
}

static bool is_of_stage(Str name) { return str_is(name, "mode") || str_is(name, "fsync") || str_is(name, "success") || str_is(name, "manifest"); }

static DcCode apply_shared(const ParamValue *param, Arena *arena, FileOptions *out, DcError *err) {
  int64_t number = 0;
  bool on = false;
  Str name;
  if (is_of_stage(param->name)) return apply_stage(param, out, err);
  if (str_is(param->name, "partition_by")) return folder_names(param, arena, out, err);
  if (str_is(param->name, "write_partition_columns")) return param_truth(param, &out->keeps_folders, err);
  if (str_is(param->name, "hive")) {
    DC_TRY(param_truth(param, &on, err));
    out->hive = on ? HIVE_ON : HIVE_OFF;
  } else if (str_is(param->name, "single")) {
    DC_TRY(param_truth(param, &out->single, err));
  } else if (str_is(param->name, "level")) {
    DC_TRY(param_whole_number(param, INT16_MAX, &number, err));
    out->level = (int)number;
    out->level_pos = param->pos;
  } else {
    DC_TRY(param_text(param, arena, &name, err));
    if (codec_by_name(name, &out->output_codec, err) != DC_OK) return dc_position(err, param->pos);
    out->codec = name.data;
  }
  return DC_OK;
}

static DcCode add_remote(const ParamValue *param, Value value, Arena *arena, FileOptions *out, DcError *err) {
  Str text;
  ParamValue one = *param;
  one.value = value;
  DC_TRY(param_text(&one, arena, &text, err));
  if (memchr(text.data, 0, text.len)) return param_wrong(&one, "a text without NUL", err);
  RemoteOption *items = arena_alloc(arena, (out->remote.count + 1) * sizeof *items);
  if (out->remote.count) memcpy(items, out->remote.items, out->remote.count * sizeof *items);
  items[out->remote.count] = (RemoteOption){arena_copy(arena, param->name.data, param->name.len), text.data};
  out->remote.items = items;
  out->remote.count++;
  return DC_OK;
}

/* As texts, for the module: of an array one for each element. */
static DcCode apply_remote(const ParamValue *param, Arena *arena, FileOptions *out, DcError *err) {
  int64_t number;
  bool on;
  if (str_is(param->name, "timeout") || str_is(param->name, "retries")) DC_TRY(param_whole_number(param, 86400, &number, err));
  if (str_is(param->name, "path_style")) DC_TRY(param_truth(param, &on, err));
  if (str_is(param->name, "content_type")) return param_text(param, arena, &out->stage.content_type, err);
  if (param->value.type != TYPE_ARRAY) return add_remote(param, param->value, arena, out, err);
  for (size_t i = 0; i < param->value.as.array->count; i++) DC_TRY(add_remote(param, param->value.as.array->items[i], arena, out, err));
  return DC_OK;
}

/* Values that nobody may see, as soon as they are known to be such. Of a header all behind its name, and its last word. */
static void note_secret(Value value) {
  if (value.type == TYPE_ARRAY) {
    for (size_t i = 0; i < value.as.array->count; i++) note_secret(value.as.array->items[i]);
    return;
  }
  if (value.type == TYPE_NULL) return;
  Arena arena = {0};
  Str text = value_to_str(&arena, value);
  const char *colon = text.len ? memchr(text.data, ':', text.len) : NULL, *blank = text.len ? memrchr(text.data, ' ', text.len) : NULL;
  secret_note(text);
  if (colon) secret_note(str_trim(str_make(colon + 1, (size_t)(text.data + text.len - colon - 1))));
  if (blank) secret_note(str_make(blank + 1, (size_t)(text.data + text.len - blank - 1)));
  arena_free(&arena);
}

static void note_secrets(const Parameter *params, size_t count, const ParamValue *given) {
  for (size_t i = 0; i < count; i++)
    if (params[i].need == SECRET && str_is(given->name, params[i].name)) note_secret(given->value);
}

DcCode file_options(Str adapter, Position pos, const ParamValue *params, size_t count, bool writing, Arena *arena, FileOptions *out, DcError *err) {
  memset(out, 0, sizeof *out);
  out->level = CODEC_LEVEL_DEFAULT;
  DC_TRY(find(adapter, pos, &out->row, err));
  const Adapter *row = &out->row->adapter;
  const Format *format = out->row->format;
  size_t shared, remote_count;
  const Parameter *common = adapter_shared(row, &shared), *remote = adapter_remote(row, &remote_count);
  void *own = arena_alloc(arena, format->options_size + 1);
  for (size_t i = 0; i < count; i++) { /* first of all: every message comes later */
    note_secrets(row->params, row->param_count, &params[i]);
    note_secrets(remote, remote_count, &params[i]);
  }
  if (format->defaults) format->defaults(out->row, writing, own);
  for (size_t i = 0; i < count; i++) {
    if (known(row->params, row->param_count, params[i].name)) DC_TRY(format->apply(&params[i], arena, own, err));
    else if (known(common, shared, params[i].name)) DC_TRY(apply_shared(&params[i], arena, out, err));
    else if (known(remote, remote_count, params[i].name)) DC_TRY(apply_remote(&params[i], arena, out, err));
    else return unknown_parameter(row, &params[i], err);
  }
  out->own = own;
  out->stage.remote = out->remote;
  if (!out->stage.content_type.data && str_is(adapter, "s3directText")) out->stage.content_type = str_of("text/csv");
  if (!out->stage.content_type.data && format == &parquet_format) out->stage.content_type = str_of("application/vnd.apache.parquet");
  if (writing && out->level != CODEC_LEVEL_DEFAULT && codec_check_level(out->output_codec, out->level, err) != DC_OK)
    return dc_position(err, out->level_pos);
  if (out->stage.success && out->single) {
    dc_fail_at(err, DC_FAIL, out->success_pos, "@success is for folders of part files; @single = TRUE writes none");
    dc_hint(err, "@manifest = TRUE lists a single file beside it");
    return err->code;
  }
  return format->check ? format->check(own, pos, writing, err) : DC_OK;
}
