"""Addresses of the data pages."""

from django.urls import path, register_converter

from data_mgmt import (
    basket_views,
    favourites_views,
    metadata_views,
    request_views,
    storage_views,
    views,
)
from data_mgmt.converters import DidConverter

register_converter(DidConverter, "did")

app_name = "data_mgmt"
urlpatterns = [
    path("data/", views.browse, name="browse"),
    path("data/estimate", views.estimate, name="estimate"),
    path("data/requests/", views.requests, name="requests"),
    path("data/requests/bulk", request_views.bulk, name="requests-bulk"),
    path("data/requests/<uuid:pk>/", request_views.request_page, name="request"),
    path("data/requests/<uuid:pk>/state", request_views.request_state, name="request-state"),
    path("data/requests/<uuid:pk>/cancel", request_views.cancel, name="cancel"),
    path("data/requests/<uuid:pk>/extend", request_views.extend, name="extend"),
    path("data/requests/<uuid:pk>/boost", request_views.boost, name="boost"),
    path("data/requests/<uuid:pk>/retry", request_views.retry, name="retry"),
    path("data/favourites/", favourites_views.favourites, name="favourites"),
    path("data/recent/forget", favourites_views.forget_recent, name="forget-recent"),
    path("data/searches/", favourites_views.searches, name="searches"),
    path("data/searches/<uuid:pk>/rename", favourites_views.rename_search, name="rename-search"),
    path("data/searches/<uuid:pk>/delete", favourites_views.delete_search, name="delete-search"),
    path("data/basket/", basket_views.basket, name="basket"),
    path("data/basket/add", basket_views.add, name="basket-add"),
    path("data/basket/remove", basket_views.remove, name="basket-remove"),
    path("data/basket/empty", basket_views.empty, name="basket-empty"),
    path("data/basket/restore", basket_views.restore, name="basket-restore"),
    path("data/basket/export", basket_views.export, name="basket-export"),
    path("data/basket/replicate", basket_views.replicate, name="basket-replicate"),
    path("data/basket/estimate", basket_views.estimate, name="basket-estimate"),
    path("data/storages/", storage_views.listing, name="storages"),
    path("data/storages/<str:storage>/", storage_views.one, name="storage"),
    path("data/metadata", metadata_views.describe, name="describe"),
    path("data/<did:did>", views.did_page, name="did"),
]
