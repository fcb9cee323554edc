// parquet_bounds.cc - what the statistics of a row group say of a column, as far as they can be trusted.
#include <arrow/array/concatenate.h>
#include <parquet/schema.h>
#include <parquet/statistics.h>

#include <cmath>

#include "parquet.h"

namespace dcetl_arrow {

namespace {

using arrow::Scalar;
using arrow::Type;

// NaN is no bound. The format leaves open whether a zero has its sign, so the smallest one is taken as -0, the largest as +0.
template <typename ScalarType>
bool FloatBound(std::shared_ptr<Scalar>* bound, bool smallest) {
  auto value = static_cast<const ScalarType&>(**bound).value;
  if (std::isnan(value)) return false;
  if (value == 0) *bound = std::make_shared<ScalarType>(smallest ? -decltype(value){0} : decltype(value){0});
  return true;
}

bool Usable(std::shared_ptr<Scalar>* bound, bool smallest) {
  switch ((*bound)->type->id()) {
    case Type::FLOAT: return FloatBound<arrow::FloatScalar>(bound, smallest);
    case Type::DOUBLE: return FloatBound<arrow::DoubleScalar>(bound, smallest);
    case Type::HALF_FLOAT: return false;
    default: return true;
  }
}

// The same values as another type of the same shape: what the file's Arrow schema makes of its Parquet type.
Result<std::shared_ptr<arrow::Array>> AsType(const std::shared_ptr<arrow::Array>& values, const std::shared_ptr<arrow::DataType>& type) {
  if (values->type()->Equals(*type)) return values;
  if (type->id() != Type::LARGE_STRING && type->id() != Type::LARGE_BINARY) return values->View(type);
  ARROW_ASSIGN_OR_RAISE(auto builder, arrow::MakeBuilder(type, Pool()));
  for (int64_t i = 0; i < values->length(); i++) {
    // LargeStringBuilder is a LargeBinaryBuilder
    auto text = static_cast<const arrow::BinaryArray&>(*values).GetView(i);
    ARROW_RETURN_NOT_OK(static_cast<arrow::LargeBinaryBuilder*>(builder.get())->Append(text));
  }
  return builder->Finish();
}

}  // namespace

Result<bool> ParquetFile::Bounds(uint32_t unit, uint32_t column, ArrowArray* bounds, int64_t* nulls) const {
  *nulls = -1;
  const auto& type = schema_->field(static_cast<int>(column))->type();
  if (leaves_[column].size() != 1 || arrow::is_nested(type->id())) return false;
  const int leaf = leaves_[column][0];
  const auto* descriptor = metadata_->schema()->Column(leaf);
  if (descriptor->physical_type() == parquet::Type::INT96) return false;
  auto chunk = metadata_->RowGroup(static_cast<int>(unit))->ColumnChunk(leaf);
  auto statistics = chunk->statistics();  // nullptr: also if the writer is known for wrong ones
  if (!statistics) return false;
  if (statistics->HasNullCount() && statistics->null_count() >= 0 && statistics->null_count() <= chunk->num_values()) *nulls = statistics->null_count();
  const auto& node = static_cast<const parquet::schema::PrimitiveNode&>(*descriptor->schema_node());
  std::shared_ptr<Scalar> least, most;
  bool known = node.column_order().get_order() == parquet::ColumnOrder::TYPE_DEFINED_ORDER && statistics->HasMinMax() &&
               parquet::arrow::StatisticsAsScalars(*statistics, &least, &most).ok() && least && most && least->is_valid && most->is_valid &&
               Usable(&least, true) && Usable(&most, false);
  if (!known && *nulls < 0) return false;
  std::shared_ptr<arrow::Array> values;
  if (known) {
    ARROW_ASSIGN_OR_RAISE(auto first, arrow::MakeArrayFromScalar(*least, 1, Pool()));
    ARROW_ASSIGN_OR_RAISE(auto second, arrow::MakeArrayFromScalar(*most, 1, Pool()));
    ARROW_ASSIGN_OR_RAISE(values, arrow::Concatenate({first, second}, Pool()));
    ARROW_ASSIGN_OR_RAISE(values, AsType(values, type));
  } else {
    ARROW_ASSIGN_OR_RAISE(values, arrow::MakeArrayOfNull(type, 2, Pool()));
  }
  ARROW_RETURN_NOT_OK(arrow::ExportArray(*values, bounds));
  return true;
}

}  // namespace dcetl_arrow
