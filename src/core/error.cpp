#include "hebb/error.hpp"

namespace hebb {

Error::~Error() = default;
ShapeError::~ShapeError() = default;
DataError::~DataError() = default;
FormatError::~FormatError() = default;
ConfigError::~ConfigError() = default;
DivergedError::~DivergedError() = default;

}  // namespace hebb
