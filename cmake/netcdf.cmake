# The netCDF C library as netcdf::netcdf, found the way hdf5.cmake finds HDF5.
find_path(NETCDF_C_INCLUDE netcdf.h)
find_library(NETCDF_C_LIBRARY NAMES netcdf)
if(NOT NETCDF_C_INCLUDE OR NOT NETCDF_C_LIBRARY)
  message(FATAL_ERROR "The netCDF C library was not found (Debian: libnetcdf-dev)")
endif()
if(NOT TARGET netcdf::netcdf)
  add_library(netcdf::netcdf UNKNOWN IMPORTED)
  set_target_properties(netcdf::netcdf PROPERTIES IMPORTED_LOCATION ${NETCDF_C_LIBRARY}
                        INTERFACE_INCLUDE_DIRECTORIES ${NETCDF_C_INCLUDE})
endif()
