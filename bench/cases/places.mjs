/**
 * Opens a case whose contestants have places of their own: `make` gives contestants, and what is missing, if anything is. The places that it
 * keeps are removed when the case is closed, or where it fails.
 *
 * @param make takes `keep(place)`, which resolves to the place
 */
export async function withPlaces(make) {
  const places = [];
  const close = async () => {
    for (const place of places) await place.remove();
  };
  const keep = async (place) => {
    places.push(await place);
    return places.at(-1);
  };
  try {
    return { missing: [], ...(await make(keep)), close };
  } catch (error) {
    await close();
    throw error;
  }
}
