// batches.cc - batches on their way through the module dcetl-arrow.so: dictionaries are decoded, rows are counted and
// checked, and blocks of a fixed number of rows are made.
#include <arrow/util/key_value_metadata.h>

#include <cerrno>
#include <cstring>
#include <deque>

#include "common.h"

namespace dcetl_arrow {

namespace {

using arrow::ArrayData;
using arrow::DataType;
using arrow::Field;
using arrow::Type;

// --- Dictionaries ---

bool HasDictionary(const DataType& type) {
  if (type.id() == Type::DICTIONARY) return true;
  if (type.id() == Type::EXTENSION) return HasDictionary(*static_cast<const arrow::ExtensionType&>(type).storage_type());
  for (const auto& field : type.fields())
    if (HasDictionary(*field->type())) return true;
  return false;
}

std::shared_ptr<DataType> PlainType(const std::shared_ptr<DataType>& type) {
  if (!HasDictionary(*type)) return type;
  arrow::FieldVector fields;
  for (const auto& field : type->fields()) fields.push_back(field->WithType(PlainType(field->type())));
  switch (type->id()) {
    case Type::DICTIONARY: return PlainType(static_cast<const arrow::DictionaryType&>(*type).value_type());
    case Type::STRUCT: return arrow::struct_(fields);
    case Type::LIST: return arrow::list(fields[0]);
    case Type::LARGE_LIST: return arrow::large_list(fields[0]);
    case Type::FIXED_SIZE_LIST: return arrow::fixed_size_list(fields[0], static_cast<const arrow::FixedSizeListType&>(*type).list_size());
    case Type::MAP: {
      auto entry = fields[0]->type()->fields();
      return std::make_shared<arrow::MapType>(entry[0], entry[1], static_cast<const arrow::MapType&>(*type).keys_sorted());
    }
    default: return type;  // unions and the like stay as they are
  }
}

// Text and bytes with offsets of 32 bits, by far the most frequent dictionaries.
template <typename Builder>
Status AppendTexts(const arrow::DictionaryArray& array, const arrow::Array& dictionary, arrow::ArrayBuilder* to) {
  auto* builder = static_cast<Builder*>(to);
  const auto& values = static_cast<const typename arrow::TypeTraits<typename Builder::TypeClass>::ArrayType&>(dictionary);
  for (int64_t i = 0; i < array.length(); i++) {
    int64_t index = array.IsNull(i) ? -1 : array.GetValueIndex(i);
    if (index < 0 || values.IsNull(index)) {
      ARROW_RETURN_NOT_OK(builder->AppendNull());
    } else {
      ARROW_RETURN_NOT_OK(builder->Append(values.GetView(index)));
    }
  }
  return Status::OK();
}

Status AppendAny(const arrow::DictionaryArray& array, const arrow::Array& dictionary, arrow::ArrayBuilder* to) {
  const arrow::ArraySpan values(*dictionary.data());
  for (int64_t i = 0; i < array.length(); i++) {
    if (array.IsNull(i)) {
      ARROW_RETURN_NOT_OK(to->AppendNull());
    } else {
      ARROW_RETURN_NOT_OK(to->AppendArraySlice(values, array.GetValueIndex(i), 1));
    }
  }
  return Status::OK();
}

Result<std::shared_ptr<ArrayData>> PlainData(const std::shared_ptr<ArrayData>& data);

Result<std::shared_ptr<ArrayData>> Decoded(const std::shared_ptr<ArrayData>& data) {
  ARROW_ASSIGN_OR_RAISE(auto plain, PlainData(data->dictionary));
  auto dictionary = arrow::MakeArray(plain);
  const arrow::DictionaryArray array(data);
  for (int64_t i = 0; i < array.length(); i++) {
    if (array.IsNull(i)) continue;
    int64_t index = array.GetValueIndex(i);
    if (index < 0 || index >= dictionary->length()) return Status::Invalid("index ", index, " is not in its dictionary of ", dictionary->length());
  }
  ARROW_ASSIGN_OR_RAISE(auto builder, arrow::MakeBuilder(dictionary->type(), Pool()));
  ARROW_RETURN_NOT_OK(builder->Reserve(array.length()));
  switch (dictionary->type_id()) {
    case Type::STRING: ARROW_RETURN_NOT_OK(AppendTexts<arrow::StringBuilder>(array, *dictionary, builder.get())); break;
    case Type::BINARY: ARROW_RETURN_NOT_OK(AppendTexts<arrow::BinaryBuilder>(array, *dictionary, builder.get())); break;
    default: ARROW_RETURN_NOT_OK(AppendAny(array, *dictionary, builder.get()));
  }
  ARROW_ASSIGN_OR_RAISE(auto decoded, builder->Finish());
  return decoded->data();
}

Result<std::shared_ptr<ArrayData>> PlainData(const std::shared_ptr<ArrayData>& data) {
  if (!HasDictionary(*data->type)) return data;
  if (data->type->id() == Type::DICTIONARY) return Decoded(data);
  auto type = PlainType(data->type);
  if (type == data->type) return data;
  auto out = data->Copy();
  out->type = type;
  for (auto& child : out->child_data) {
    ARROW_ASSIGN_OR_RAISE(child, PlainData(child));
  }
  return out;
}

// --- To the program ---

struct Exported {
  std::unique_ptr<Rows> rows;
  std::shared_ptr<arrow::Schema> schema;
  int64_t expected, seen = 0;
  Check check;
  bool ended = false;
  std::string error;
};

Exported* Of(ArrowArrayStream* stream) { return static_cast<Exported*>(stream->private_data); }

int Fail(Exported* stream, const Status& status) {
  TableError error = {};
  Report(status, &error);
  stream->error = error.text;
  if (error.hint[0]) stream->error += std::string("\n") + error.hint;
  stream->rows.reset();
  return EIO;
}

Status NextBatch(Exported* stream, ArrowArray* out) {
  if (stream->ended) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(auto batch, stream->rows->Next());
  if (!batch) {
    stream->ended = true;
    stream->rows.reset();
    if (stream->expected >= 0 && stream->seen != stream->expected)
      return Status::Invalid(stream->seen, " rows were found where ", stream->expected, " are promised: the file is damaged");
    return Status::OK();
  }
  stream->seen += batch->num_rows();
  if (stream->expected >= 0 && stream->seen > stream->expected)
    return Status::Invalid("more rows were found than the ", stream->expected, " that are promised: the file is damaged");
  ARROW_RETURN_NOT_OK(stream->check == Check::kAll ? batch->ValidateFull() : batch->Validate());
  ARROW_ASSIGN_OR_RAISE(batch, PlainBatch(std::move(batch)));
  return arrow::ExportRecordBatch(*batch, out);
}

int StreamNext(ArrowArrayStream* stream, ArrowArray* out) {
  std::memset(out, 0, sizeof *out);
  Exported* from = Of(stream);
  if (!from->error.empty()) return EIO;
  try {
    Status status = NextBatch(from, out);
    return status.ok() ? 0 : Fail(from, status);
  } catch (...) {
    return Fail(from, StatusOfException());
  }
}

int StreamSchema(ArrowArrayStream* stream, ArrowSchema* out) {
  try {
    Status status = arrow::ExportSchema(*Of(stream)->schema, out);
    return status.ok() ? 0 : Fail(Of(stream), status);
  } catch (...) {
    return Fail(Of(stream), StatusOfException());
  }
}

const char* StreamError(ArrowArrayStream* stream) { return Of(stream)->error.empty() ? nullptr : Of(stream)->error.c_str(); }

void StreamRelease(ArrowArrayStream* stream) {
  delete Of(stream);
  stream->private_data = nullptr;
  stream->release = nullptr;
}

// --- From the program ---

// A tree of the C interface that can be taken over, though the one that it copies is only lent.
struct SchemaCopy {
  std::deque<ArrowSchema> nodes;
  std::deque<std::vector<ArrowSchema*>> children;

  ArrowSchema* Add(const ArrowSchema* from) {
    ArrowSchema* node = &nodes.emplace_back(*from);
    node->release = [](ArrowSchema* schema) { schema->release = nullptr; };
    node->private_data = nullptr;
    auto& list = children.emplace_back();
    for (int64_t i = 0; i < from->n_children; i++) list.push_back(Add(from->children[i]));
    node->children = list.data();
    if (from->dictionary) node->dictionary = Add(from->dictionary);
    return node;
  }
};

}  // namespace

std::shared_ptr<arrow::Schema> PlainSchema(const arrow::Schema& schema) {
  arrow::FieldVector fields;
  for (const auto& field : schema.fields()) fields.push_back(field->WithType(PlainType(field->type())));
  return arrow::schema(fields, schema.metadata());
}

Result<std::shared_ptr<RecordBatch>> PlainBatch(std::shared_ptr<RecordBatch> batch) {
  bool plain = true;
  for (const auto& field : batch->schema()->fields()) plain = plain && !HasDictionary(*field->type());
  if (plain) return batch;
  std::vector<std::shared_ptr<ArrayData>> columns = batch->column_data();
  for (auto& column : columns) {
    ARROW_ASSIGN_OR_RAISE(column, PlainData(column));
  }
  return RecordBatch::Make(PlainSchema(*batch->schema()), batch->num_rows(), std::move(columns));
}

void ExportRows(std::unique_ptr<Rows> rows, std::shared_ptr<arrow::Schema> schema, int64_t expected, Check check, ArrowArrayStream* out) {
  auto* stream = new Exported{.rows = std::move(rows), .schema = PlainSchema(*schema), .expected = expected, .check = check, .error = {}};
  *out = {StreamSchema, StreamNext, StreamError, StreamRelease, stream};
}

std::vector<int> Marked(const arrow::Schema& schema, const uint8_t* columns) {
  std::vector<int> numbers;
  for (int i = 0; i < schema.num_fields(); i++)
    if (!columns || columns[i]) numbers.push_back(i);
  return numbers;
}

std::shared_ptr<arrow::Schema> Chosen(const arrow::Schema& schema, const std::vector<int>& numbers) {
  arrow::FieldVector fields;
  for (int number : numbers) fields.push_back(schema.field(number));
  return arrow::schema(fields);
}

Result<std::shared_ptr<RecordBatch>> EmptyRows::Next() {
  if (left_ <= 0) return nullptr;
  int64_t rows = std::min(left_, most_);
  left_ -= rows;
  return RecordBatch::Make(arrow::schema(arrow::FieldVector{}), rows, std::vector<std::shared_ptr<arrow::Array>>{});
}

void Pieces::Set(std::shared_ptr<RecordBatch> batch) {
  batch_ = batch->num_rows() > 0 ? std::move(batch) : nullptr;
  at_ = 0;
}

std::shared_ptr<RecordBatch> Pieces::Next() {
  auto piece = batch_->Slice(at_, most_);
  at_ += most_;
  if (at_ >= batch_->num_rows()) batch_.reset();
  return piece;
}

Status Blocks::Add(const std::shared_ptr<RecordBatch>& batch) {
  for (int64_t offset = 0; offset < batch->num_rows();) {
    int64_t rows = std::min(rows_ - waiting_, batch->num_rows() - offset);
    parts_.push_back(batch->Slice(offset, rows));
    offset += rows;
    waiting_ += rows;
    if (waiting_ == rows_) ARROW_RETURN_NOT_OK(Flush());
  }
  return Status::OK();
}

Status Blocks::Flush() {
  auto parts = std::move(parts_);
  parts_.clear();
  waiting_ = 0;
  if (parts.size() == 1) return take_(*parts[0]);
  ARROW_ASSIGN_OR_RAISE(auto whole, arrow::ConcatenateRecordBatches(parts, Pool()));
  return take_(*whole);
}

Status Blocks::Finish() { return waiting_ > 0 ? Flush() : Status::OK(); }

Result<std::shared_ptr<RecordBatch>> ImportBatch(ArrowArray* array, const std::shared_ptr<arrow::Schema>& schema) {
  ARROW_ASSIGN_OR_RAISE(auto batch, arrow::ImportRecordBatch(array, schema));
  for (int i = 0; i < schema->num_fields(); i++) {
    if (schema->field(i)->nullable() || batch->column_data(i)->GetNullCount() == 0) continue;
    return Status::Invalid("column \"", schema->field(i)->name(), "\" may not be NULL, but some of its values are");
  }
  return batch;
}

Result<std::shared_ptr<arrow::Schema>> ImportLentSchema(const ArrowSchema* schema) {
  SchemaCopy copy;
  return arrow::ImportSchema(copy.Add(schema));
}

}  // namespace dcetl_arrow
