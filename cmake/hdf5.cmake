# The HDF5 C library as hdf5::hdf5. CMake's own FindHDF5 wants the language C, which neither Labile nor every
# project that uses it has.
find_path(HDF5_C_INCLUDE hdf5.h PATH_SUFFIXES hdf5/serial)
find_library(HDF5_C_LIBRARY NAMES hdf5 hdf5_serial PATH_SUFFIXES hdf5/serial)
if(NOT HDF5_C_INCLUDE OR NOT HDF5_C_LIBRARY)
  message(FATAL_ERROR "The HDF5 C library was not found (Debian: libhdf5-dev)")
endif()
if(NOT TARGET hdf5::hdf5)
  add_library(hdf5::hdf5 UNKNOWN IMPORTED)
  set_target_properties(hdf5::hdf5 PROPERTIES IMPORTED_LOCATION ${HDF5_C_LIBRARY}
                        INTERFACE_INCLUDE_DIRECTORIES ${HDF5_C_INCLUDE})
endif()
