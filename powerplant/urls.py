"""The app's routes."""

from django.urls import path

from powerplant import views

urlpatterns = [path("productionplan", views.ProductionPlan.as_view())]
